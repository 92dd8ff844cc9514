"""CycleGAN (Zhu et al. 2017, arXiv 1703.10593): pictures of houses and label maps, both ways, without pairs.

`shuffled:scenes` has the images of `scenes` without saying which belong together. Its held-out images are pairs, so
that translations can be compared with the truth. Your own two sets of images: --dataset unpaired:PATH, a folder with
trainA, trainB, testA and testB. The paper's sizes: --resolution 256 --width 64 --discriminator-width 64 --layers 3
--blocks 9 --jitter --flip.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo, Resolution
from gan_jax.game import Game, constant_then_linear
from gan_jax.networks import cyclegan_resnet, patchgan
from gan_jax.networks.layers import plain_instance_norm
from gan_jax.recipes import cyclegan
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """CycleGAN: two generators that undo each other, and a PatchGAN for each domain."""

    dataset: str = "shuffled:scenes"
    resolution: Resolution = 64
    batch_size: int = 1
    steps: int = 8000
    sample_every: int = 1000
    checkpoint_every: int = 1000

    learning_rate: float = 2e-4
    """Learning rate of all optimizers. It is constant for half the run, then falls linearly to zero."""

    cycle_weight: float = 10.0
    """Weight of the distance between an image and its translation there and back, lambda."""

    identity_weight: float = 0.5
    """Weight of the distance between an image and its translation into its own domain, in units of cycle_weight."""

    width: int = 16
    """Features of the generators' first layer. The paper has 64."""

    blocks: int = 6
    """Residual blocks of the generators. The paper has 6 for images of 128x128 and 9 from 256x256 on."""

    discriminator_width: int = 32
    """Features of the discriminators' first layer. The paper has 64."""

    layers: int = 2
    """Layers of stride 2 in the discriminators. One judges patches of 16x16 pixels, two of 34x34, three of 70x70."""


def build(config: Config, data: DataInfo) -> Game:
    a, b = shapes = data.translation_shapes
    adam = optax.adam(constant_then_linear(config.learning_rate, config.steps), b1=0.5)
    judge = patchgan.Discriminator(config.discriminator_width, config.layers, normalization=plain_instance_norm)
    return cyclegan(
        (
            cyclegan_resnet.Generator(b[2], config.width, config.blocks),
            cyclegan_resnet.Generator(a[2], config.width, config.blocks),
        ),
        (judge, judge),
        shapes,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        cycle_weight=config.cycle_weight,
        identity_weight=config.identity_weight if a == b else None,
    )
