"""Least squares GAN (Mao et al. 2017, arXiv 1611.04076): DCGAN with squared errors in place of logarithms."""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.objectives import least_squares
from gan_jax.recipes import gan
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """LSGAN: the discriminator regresses 1 for real and 0 for generated images."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    adam = optax.adam(config.learning_rate, b1=0.5)
    return gan(
        dcgan.Generator((height, width), channels, config.width),
        dcgan.Discriminator(config.width),
        least_squares(),
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        ema=config.ema,
    )
