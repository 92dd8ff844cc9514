"""DiffAugment (Zhao et al. 2020, arXiv 2006.10738): a DCGAN that learns digits from 200 images.

Without it: gan-jax train experiments/unconditional/dcgan_digits.py --examples 200 --steps 4000 --learning-rate 2e-4
--ema 0.998

On these 8x8 digits DiffAugment does worse than no augmentation: brightness and contrast say little about them, and a
cutout hides half a digit. See experiments/README.md.
"""

from dataclasses import dataclass

import optax

from gan_jax.augmentation import brightness, contrast, cutout, diff_augment, saturation, translation
from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """DCGAN on few images, with differentiable augmentation."""

    examples: int | None = 200
    steps: int = 4000


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
        augmentation=diff_augment(brightness, saturation, contrast, translation, cutout),
        ema=config.ema,
    )
