"""CycleGAN (Zhu et al. 2017, arXiv 1703.10593): pictures of houses and label maps, both ways, without pairs.

`shuffled:scenes` holds the images of `scenes` without saying which belong together; what is held out are pairs, so that
translations can be compared with the truth. Your own two sets of images: --dataset unpaired:PATH, of folders trainA,
trainB, testA and testB. The paper's sizes: --resolution 256 --width 64 --discriminator-width 64 --layers 3 --blocks 9
--jitter --flip.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.games.cyclegan import cyclegan
from gan_jax.networks import patchgan, translation
from gan_jax.networks.normalization import plain_instance_norm
from gan_jax.optimizers import constant_then_linear
from gan_jax.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """CycleGAN: two generators that undo each other, a PatchGAN for each domain."""

    dataset: str = "shuffled:scenes"
    resolution: int = 64
    batch_size: int = 1
    steps: int = 8000
    sample_every: int = 1000
    checkpoint_every: int = 1000

    learning_rate: float = 2e-4
    """Adam's, of all networks; constant for half the run, then linear to zero."""

    cycle_weight: float = 10.0
    """Of the distance of an image to what comes back of it: lambda."""

    identity_weight: float = 0.5
    """Of the distance of an image to its translation into the domain where it is already; in units of cycle_weight."""

    width: int = 16
    """Features of the generators' first layer; 64 in the paper."""

    blocks: int = 6
    """Residual blocks of the generators: 6 for images of 128x128, 9 from 256x256 on."""

    discriminator_width: int = 32
    """Features of the discriminators' first layer; 64 in the paper."""

    layers: int = 2
    """Of stride 2 in the discriminators: one judges patches of 16x16 pixels, two of 34x34, three of 70x70."""


def build(config: Config, data: DataInfo) -> Game:
    a, b = shapes = data.translation_shapes
    adam = optax.adam(constant_then_linear(config.learning_rate, config.steps), b1=0.5)
    judge = patchgan.Discriminator(config.discriminator_width, config.layers, normalization=plain_instance_norm)
    return cyclegan(
        (
            translation.Generator(b[2], config.width, config.blocks),
            translation.Generator(a[2], config.width, config.blocks),
        ),
        (judge, judge),
        shapes,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        cycle_weight=config.cycle_weight,
        identity_weight=config.identity_weight if a == b else None,
    )
