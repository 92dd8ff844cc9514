"""Regularizers: penalties that are added to a player's objective. They are pure functions of a `View` of the update.

`base` defines regularizers, and has `every`, which applies one lazily. The methods are in separate modules:
`gradient_penalties` (R1, R2, WGAN-GP, DRAGAN), `lecam`, `consistency`, `orthogonal`, `feature_matching`,
`classification` (AC-GAN, semi-supervised), `mutual_information` (InfoGAN), `cross_entropy` (SalGAN), `path_length`
(StyleGAN2) and `reconstruction` (FastGAN). They do not depend on games.
"""

from gan_jax.regularizers.base import Judged, Regularizer, View, every, head, logits, stateless
from gan_jax.regularizers.classification import class_loss, classify_fake, classify_real
from gan_jax.regularizers.consistency import consistency
from gan_jax.regularizers.contrastive import patch_nce
from gan_jax.regularizers.cross_entropy import cross_entropy, target_cross_entropy
from gan_jax.regularizers.feature_matching import feature_matching
from gan_jax.regularizers.gradient_penalties import (
    dragan,
    gradient_norms,
    r1,
    r2,
    squared_gradient_norms,
    wgan_gp,
    zero_centred,
)
from gan_jax.regularizers.lecam import lecam, lecam_hinge
from gan_jax.regularizers.mutual_information import mutual_information
from gan_jax.regularizers.orthogonal import orthogonal
from gan_jax.regularizers.path_length import path_length
from gan_jax.regularizers.reconstruction import reconstruct_real
