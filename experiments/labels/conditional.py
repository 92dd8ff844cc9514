"""Conditional GAN (Mirza and Osindero, arXiv 1411.1784) on 8x8 scans of digits: both networks are told the class.

The columns of the sample grids are the classes. For one of them alone: gan-jax sample RUN --class 7

Larger images are learned in less time with a higher rate and a longer average: --dataset glyphs --resolution 32 --width
32 --learning-rate 1e-3 --ema 0.9995. If they are few, augmentation helps in longer runs: --target 0.6.
"""

from dataclasses import dataclass

import optax

from gan_jax.augmentation import ada, no_augmentation
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

    discriminator_width: int | None = None
    """Features of the discriminator's layers next to the images: as many as the generator's by default."""
    target: float | None = None
    """Mean sign of the logits of real images that ADA steers to, such as 0.6. None is without augmentation."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    classes = len(data.classes)
    adam = optax.adam(config.learning_rate, b1=0.5)
    return gan(
        ConcatGenerator(dcgan.Generator((height, width), channels, config.width), classes),
        ConcatDiscriminator(dcgan.Discriminator(config.discriminator_width or config.width), classes),
        non_saturating,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        classes=classes,
        augmentation=no_augmentation if config.target is None else ada(target=config.target, images=100_000),
        ema=config.ema,
    )
