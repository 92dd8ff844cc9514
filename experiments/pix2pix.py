"""pix2pix (Isola et al. 2017, arXiv 1611.07004): pictures of houses from label maps, with pairs.

The other way round: --dataset reverse:scenes. Your own pairs, side by side in one picture each: --dataset pairs:PATH.
The paper's sizes: --resolution 256 --width 64 --discriminator-width 64 --layers 3 --jitter --flip.

With batches of one image, as in the paper, its batch normalization is the instance normalization here: over the pixels
of that image, with a scale and a bias for each feature.
"""

from dataclasses import dataclass

import optax

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
    steps: int = 16_000
    sample_every: int = 2000
    checkpoint_every: int = 2000

    learning_rate: float = 2e-4
    """Adam's, of both networks; constant for half the run, then linear to zero."""

    l1_weight: float = 100.0
    """Of the L1 distance to the target, beside the adversarial loss: lambda."""

    width: int = 32
    """Features of the generator beside the images; 64 in the paper."""

    discriminator_width: int = 32
    """Features of the discriminator's first layer; 64 in the paper."""

    layers: int = 1
    """Of stride 2 in the discriminator: one judges patches of 16x16 pixels (a quarter of the side at 64x64, as in the
    paper), two of 34x34, three of 70x70."""


def build(config: Config, data: DataInfo) -> Game:
    shapes = data.pair_shapes
    adam = optax.adam(constant_then_linear(config.learning_rate, config.steps), b1=0.5)
    return pix2pix(
        unet.Generator(config.resolution, shapes[1][2], config.width, normalization=instance_norm),
        patchgan.Discriminator(config.discriminator_width, config.layers, normalization=instance_norm),
        shapes,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        l1_weight=config.l1_weight,
    )
