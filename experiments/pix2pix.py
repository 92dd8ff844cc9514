"""pix2pix (Isola et al. 2017, arXiv 1611.07004): pictures of houses from label maps, with pairs.

The other way round: --dataset reverse:scenes. Your own pairs, side by side in one picture each: --dataset pairs:PATH.
The paper's sizes: --resolution 256 --width 64 --bottleneck 1 --discriminator-width 64 --layers 3 --jitter --flip.

With batches of one image, as in the paper, its batch normalization is the instance normalization here: over the pixels
of that image, with a scale and a bias for each feature.
"""

from dataclasses import dataclass

import optax

from gan_jax.checks import at_least
from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.games.pix2pix import pix2pix
from gan_jax.networks import patchgan, unet
from gan_jax.networks.normalization import instance_norm
from gan_jax.optimizers import constant_then_linear
from gan_jax.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """pix2pix: a U-Net translates, a PatchGAN judges pairs of source and translation."""

    dataset: str = "scenes"
    resolution: int = 64
    batch_size: int = 1
    steps: int = 40_000
    sample_every: int = 4000
    checkpoint_every: int = 4000

    learning_rate: float = 2e-4
    """Adam's, of the generator; constant for half the run, then linear to zero."""

    discriminator_learning_rate: float = 2e-4
    """That of the discriminator. Where it always wins, less is better."""

    l1_weight: float = 100.0
    """Of the L1 distance to the target, beside the adversarial loss: lambda."""

    width: int = 32
    """Features of the generator beside the images; 64 in the paper."""

    bottleneck: int = 4
    """Side of the smallest feature maps in the generator; 1 in the paper. Instance normalization over a few pixels
    leaves little of them: at 64x64, 4 is better and three times as fast. Dropout, the noise, is in U-Nets of six
    halvings and more: here only with 1."""

    discriminator_width: int = 32
    """Features of the discriminator's first layer; 64 in the paper."""

    layers: int = 1
    """Of stride 2 in the discriminator: one judges patches of 16x16 pixels (a quarter of the side at 64x64, as in the
    paper), two of 34x34, three of 70x70."""


def build(config: Config, data: DataInfo) -> Game:
    at_least(1, "bottleneck", config.bottleneck)
    shapes = data.pair_shapes

    def adam(rate: float) -> optax.GradientTransformation:
        return optax.adam(constant_then_linear(rate, config.steps), b1=0.5)

    return pix2pix(
        unet.Generator(config.resolution // config.bottleneck, shapes[1][2], config.width, normalization=instance_norm),
        patchgan.Discriminator(config.discriminator_width, config.layers, normalization=instance_norm),
        shapes,
        generator_optimizer=adam(config.learning_rate),
        discriminator_optimizer=adam(config.discriminator_learning_rate),
        l1_weight=config.l1_weight,
    )
