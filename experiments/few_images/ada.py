"""Adaptive discriminator augmentation (Karras et al. 2020, arXiv 2006.06676): a DCGAN that learns from 200 images.

Without it: gan-jax train experiments/unconditional/dcgan_digits.py --examples 200 --steps 4000 --learning-rate 2e-4
--ema 0.998
"""

from dataclasses import dataclass

import optax

from gan_jax.augmentation import ada
from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """DCGAN on few images, with adaptive discriminator augmentation."""

    examples: int | None = 200
    steps: int = 4000

    target: float = 0.6
    """Mean sign of the discriminator's logits of real images that the probability p of a transform is steered to."""

    images: int = 100_000
    """Real images in which p can rise from 0 to 1. The paper's 500,000 are for runs of millions."""


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
        augmentation=ada(target=config.target, images=config.images),
        ema=config.ema,
    )
