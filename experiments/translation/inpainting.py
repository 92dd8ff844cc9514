"""Inpainting: what was in the hole (after context encoders: Pathak et al. 2016, arXiv 1604.07379), on MNIST.

The game is that of pix2pix. The baselines fill the hole with the mean colour around it, and harmonically.
"""

from dataclasses import dataclass

import pix2pix

from gan_jax.data import Resolution


@dataclass(frozen=True, kw_only=True)
class Config(pix2pix.Config):
    """pix2pix from images with a hole to whole ones."""

    dataset: str = "inpainting:tfds:mnist"
    resolution: Resolution = 32
    batch_size: int = 8
    steps: int = 8000
    discriminator_learning_rate: float = 5e-5


build = pix2pix.build
