"""How often a discriminator is right, on what it was trained on and on what it was not."""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Accuracies(NamedTuple):
    """Shares that a discriminator gets right, scalars in [0, 1].

    Well above `held_out`, `training` says that it knows its training examples by heart.
    """

    training: jax.Array
    held_out: jax.Array
    fake: jax.Array


def discriminator_accuracies(training: jax.Array, held_out: jax.Array, fake: jax.Array) -> Accuracies:
    """From its logits on real training examples (N,), real held-out ones (M,) and generated ones (K,).

    A logit above 0 calls an example real. (Karras et al., arXiv 2006.06676, section 3, compare the mean logits of the
    same three for the same end.)
    """
    return Accuracies(jnp.mean(training > 0), jnp.mean(held_out > 0), jnp.mean(fake <= 0))
