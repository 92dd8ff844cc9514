"""DRAGAN (Kodali et al. 2017, arXiv 1705.07215) on 8x8 scans of digits.

The discriminator has no normalization and so learns slowly at first: the learning rate is three times DCGAN's.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import no_norm
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.regularizers import dragan
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """DRAGAN: a penalty draws the norm of the discriminator's gradient to 1 around real images."""

    sample_every: int = 500
    checkpoint_every: int = 1000
    learning_rate: float = 6e-4

    weight: float = 10.0
    """Weight of the gradient penalty, lambda."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    adam = optax.adam(config.learning_rate, b1=0.5)
    return gan(
        dcgan.Generator((height, width), channels, config.width),
        dcgan.Discriminator(config.width, normalization=no_norm),
        non_saturating,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        regularizers=[dragan(config.weight)],
        ema=config.ema,
    )
