"""FastGAN (Liu et al. 2021, arXiv 2101.04775): a discriminator that also makes real images again from its features.

Its generator has the form of Projected GAN's. The margins of the hinge are 1, where the authors draw them from 0.8 to
1, and images are compared by their pixels, where they use LPIPS. Your own images: --dataset folder:PATH --resolution 64
--flip. The authors' setting: --resolution 256 --width 64 --latent-size 256 --batch-size 8 --steps 50000.
"""

from dataclasses import dataclass

import optax

from gan_jax.augmentation import brightness, contrast, diff_augment, saturation, translation
from gan_jax.data import DataInfo, Resolution
from gan_jax.game import Game
from gan_jax.networks import fastgan, fastgan_discriminator
from gan_jax.networks.latents import normal
from gan_jax.objectives import hinge
from gan_jax.recipes import gan
from gan_jax.regularizers import reconstruct_real
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """FastGAN: a discriminator that reconstructs real images, for few of them."""

    dataset: str = "glyphs"
    resolution: Resolution = 32
    batch_size: int = 16
    steps: int = 2000
    sample_every: int = 200
    checkpoint_every: int = 500
    width: int = 16
    """Features of G's maps of 128x128 and of D's of 64x64. Smaller maps have more."""
    latent_size: int = 64
    ema: float = 0.999

    reconstruction: float = 1.0
    """Weight of the reconstructions of real images."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    adam = optax.adam(config.learning_rate, b1=0.5)
    return gan(
        fastgan.Generator((height, width), channels, config.width),
        fastgan_discriminator.Discriminator(config.width),
        hinge,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        regularizers=[reconstruct_real(config.reconstruction)],
        augmentation=diff_augment(brightness, saturation, contrast, translation),
        ema=config.ema,
    )
