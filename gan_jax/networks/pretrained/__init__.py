"""Networks whose weights were published, as parts of others or as features that images are compared in."""
