"""pix2pix (Isola et al. 2017, arXiv 1611.07004): pictures of houses from label maps, trained on pairs.

The other direction: --dataset reverse:scenes. Your own pairs, side by side in one picture each: --dataset pairs:PATH.
The paper's sizes: --resolution 256 --width 64 --bottleneck 1 --discriminator-width 64 --layers 3 --jitter --flip.
The paper's batch normalization of one image is the instance normalization here, with a scale and a bias per feature.
"""

from dataclasses import dataclass

import optax

from gan_jax.common.checks import at_least
from gan_jax.data import DataInfo, Resolution
from gan_jax.game import Game, constant_then_linear
from gan_jax.networks import patchgan, unet
from gan_jax.networks.layers import instance_norm
from gan_jax.recipes import pix2pix
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """pix2pix: a U-Net translates, and a PatchGAN judges pairs of source and translation."""

    dataset: str = "scenes"
    resolution: Resolution = 64
    batch_size: int = 1
    steps: int = 40_000
    sample_every: int = 4000
    checkpoint_every: int = 4000

    learning_rate: float = 2e-4
    """Learning rate of the generator's optimizer. It is constant for half the run, then falls linearly to zero."""

    discriminator_learning_rate: float = 2e-4
    """Learning rate of the discriminator's optimizer. A lower one is better where the discriminator always wins."""

    l1_weight: float = 100.0
    """Weight of the L1 distance to the target beside the adversarial loss, lambda."""

    width: int = 32
    """Features of the generator beside the images. The paper has 64."""

    bottleneck: int = 4
    """Smaller side of the smallest feature maps of the generator. The paper has 1. Here 4 is better, and three times as
    fast. Dropout, the noise, needs six halvings."""

    discriminator_width: int = 32
    """Features of the discriminator's first layer. The paper has 64."""

    layers: int = 1
    """Layers of stride 2 in the discriminator. One judges patches of 16x16 pixels, a quarter of the side at 64x64 as in
    the paper. Two judge patches of 34x34 and three of 70x70."""


def build(config: Config, data: DataInfo) -> Game:
    at_least(1, "bottleneck", config.bottleneck)
    source, target = shapes = data.pair_shapes

    def adam(rate: float) -> optax.GradientTransformation:
        return optax.adam(constant_then_linear(rate, config.steps), b1=0.5)

    return pix2pix(
        unet.Generator(min(source[:2]) // config.bottleneck, target[2], config.width, normalization=instance_norm),
        patchgan.Discriminator(config.discriminator_width, config.layers, normalization=instance_norm),
        shapes,
        generator_optimizer=adam(config.learning_rate),
        discriminator_optimizer=adam(config.discriminator_learning_rate),
        l1_weight=config.l1_weight,
    )
