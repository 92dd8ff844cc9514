"""Inpainting: what was in the hole (after context encoders: Pathak et al. 2016, arXiv 1604.07379), on MNIST.

Here the game is pix2pix's. The baselines fill the hole with the mean colour around it, and harmonically.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.games.pix2pix import pix2pix
from gan_jax.networks import patchgan, unet
from gan_jax.networks.normalization import plain_instance_norm
from gan_jax.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """pix2pix from images with a hole to whole ones."""

    dataset: str = "inpainting:tfds:mnist"
    resolution: int = 32
    batch_size: int = 8
    steps: int = 4000
    sample_every: int = 1000
    checkpoint_every: int = 1000

    learning_rate: float = 2e-4
    """Adam's, of both networks."""

    l1_weight: float = 100.0
    """Of the L1 distance to the target, beside the adversarial loss: lambda."""

    width: int = 32
    """Features of the generator beside the images; 64 in the paper."""

    discriminator_width: int = 32
    """Features of the discriminator's first layer; 64 in the paper."""

    layers: int = 1
    """Of stride 2 in the discriminator: one judges patches of 16x16 pixels, two of 34x34, three of 70x70."""


def build(config: Config, data: DataInfo) -> Game:
    shapes = data.pair_shapes
    adam = optax.adam(config.learning_rate, b1=0.5)
    return pix2pix(
        unet.Generator(config.resolution, shapes[1][2], config.width, normalization=plain_instance_norm),
        patchgan.Discriminator(config.discriminator_width, config.layers, normalization=plain_instance_norm),
        shapes,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        l1_weight=config.l1_weight,
    )
