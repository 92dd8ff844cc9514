"""The generator of pix2pix without its adversary (Isola et al. 2017, arXiv 1611.07004, section 4.2, "L1").

It learns the mean of all pictures that a label map may stand for, so its pictures are blurred.
"""

from dataclasses import dataclass

import optax

from gan_jax.common.checks import at_least
from gan_jax.data import DataInfo, Resolution
from gan_jax.game import Game, constant_then_linear
from gan_jax.networks import unet
from gan_jax.networks.layers import instance_norm
from gan_jax.recipes import regression
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """A U-Net that minimizes the L1 distance to the target."""

    dataset: str = "scenes"
    resolution: Resolution = 64
    batch_size: int = 1
    steps: int = 40_000
    sample_every: int = 4000
    checkpoint_every: int = 4000

    learning_rate: float = 2e-4
    """Learning rate of the optimizer. It is constant for half the run, then falls linearly to zero."""

    width: int = 32
    """Features beside the images. The paper has 64."""

    bottleneck: int = 4
    """Smaller side of the smallest feature maps. The paper has 1, and dropout, which comes with a sixth halving."""


def build(config: Config, data: DataInfo) -> Game:
    at_least(1, "bottleneck", config.bottleneck)
    source, target = shapes = data.pair_shapes
    return regression(
        unet.Generator(min(source[:2]) // config.bottleneck, target[2], config.width, normalization=instance_norm),
        shapes,
        optax.adam(constant_then_linear(config.learning_rate, config.steps), b1=0.5),
    )
