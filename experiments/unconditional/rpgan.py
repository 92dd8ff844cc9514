"""RpGAN + R1 + R2 (Huang et al. 2024, arXiv 2501.05441), R3GAN's objective, with DCGAN's networks, on 8x8 digits.

The discriminator has no normalization and so learns slowly at first: the learning rate is three times DCGAN's.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import no_norm
from gan_jax.objectives import relativistic_pairing
from gan_jax.recipes import gan
from gan_jax.regularizers import zero_centred
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """Relativistic pairing with zero-centred gradient penalties at real and generated images."""

    sample_every: int = 500
    checkpoint_every: int = 1000
    learning_rate: float = 6e-4

    gamma: float = 0.1
    """Twice the weight of the squared gradient norms."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    adam = optax.adam(config.learning_rate, b1=0.0, b2=0.99)
    return gan(
        dcgan.Generator((height, width), channels, config.width),
        dcgan.Discriminator(config.width, normalization=no_norm),
        relativistic_pairing,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        regularizers=[zero_centred(config.gamma)],
        ema=config.ema,
    )
