"""DCGAN (Radford et al. 2016, arXiv 1511.06434) with the non-saturating GAN objective, on 8x8 scans of digits.

For another dataset at another size: --dataset glyphs --resolution 32, or --resolution 32 48 for height and width. The
paper's learning rate is 2e-4. Small images are learned better with a higher one.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """DCGAN: a convolutional generator and discriminator that play the GAN game."""

    steps: int = 23_000
    learning_rate: float = 2e-3
    ema: float = 0.9995


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    adam = optax.adam(config.learning_rate, b1=0.5)
    return gan(
        dcgan.Generator((height, width), channels, config.width),
        dcgan.Discriminator(config.width),
        non_saturating,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        ema=config.ema,
    )
