"""Photographs from their edges (Isola et al. 2017, arXiv 1611.07004, section 4), on CIFAR-10."""

from dataclasses import dataclass

import pix2pix

from gan_jax.data import Resolution


@dataclass(frozen=True, kw_only=True)
class Config(pix2pix.Config):
    """pix2pix from edges to images."""

    dataset: str = "edges:tfds:cifar10"
    resolution: Resolution = 32
    batch_size: int = 8
    steps: int = 8000
    discriminator_learning_rate: float = 5e-5


build = pix2pix.build
