"""Super-resolution: four times the side, on CIFAR-10 (after SRGAN: Ledig et al. 2017, arXiv 1609.04802).

The game is that of pix2pix, whose generator sees the small image enlarged pixel for pixel. The baseline is bicubic.
"""

from dataclasses import dataclass

import pix2pix

from gan_jax.data import Resolution


@dataclass(frozen=True, kw_only=True)
class Config(pix2pix.Config):
    """pix2pix from images of a quarter of the side to whole ones."""

    dataset: str = "superresolution:tfds:cifar10"
    resolution: Resolution = 32
    batch_size: int = 8
    steps: int = 8000
    discriminator_learning_rate: float = 5e-5


build = pix2pix.build
