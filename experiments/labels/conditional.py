"""Conditional GAN (Mirza and Osindero, arXiv 1411.1784) on 8x8 scans of digits: both networks are told the class.

The columns of the sample grids are the classes. For one of them alone: gan-jax sample RUN --class 7
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import ConcatDiscriminator, ConcatGenerator
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """Conditional GAN: DCGAN networks with the one-hot label appended to what they see."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    classes = len(data.classes)
    adam = optax.adam(config.learning_rate, b1=0.5)
    return gan(
        ConcatGenerator(dcgan.Generator((height, width), channels, config.width), classes),
        ConcatDiscriminator(dcgan.Discriminator(config.width), classes),
        non_saturating,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        classes=classes,
        ema=config.ema,
    )
