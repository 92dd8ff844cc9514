"""Denoising by pix2pix (Isola et al. 2017, arXiv 1611.07004), on 8x8 scans of digits.

Photographs: --dataset denoising:tfds:cifar10 --resolution 32 --bottleneck 4. The baseline is a median filter.
"""

from dataclasses import dataclass

import pix2pix

from gan_jax.data import Resolution


@dataclass(frozen=True, kw_only=True)
class Config(pix2pix.Config):
    """pix2pix from noisy images to clean ones."""

    dataset: str = "denoising:digits"
    resolution: Resolution = 8
    batch_size: int = 16
    steps: int = 6000
    bottleneck: int = 1


build = pix2pix.build
