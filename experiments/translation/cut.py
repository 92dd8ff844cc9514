"""CUT (Park et al. 2020, arXiv 2007.15651): translation one way, without pairs, by contrast of patches.

Your own two sets: --dataset unpaired:PATH. FastCUT: --no-identity --contrast-weight 10. The paper's sizes: --resolution
256 --width 64 --discriminator-width 64 --layers 3 --blocks 9 --jitter --flip.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo, Resolution
from gan_jax.game import Game, constant_then_linear
from gan_jax.networks import cyclegan_resnet, patchgan
from gan_jax.networks.layers import plain_instance_norm
from gan_jax.recipes import cut
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """CUT: a generator whose patches are recognized by those of the source, and a PatchGAN."""

    dataset: str = "shuffled:scenes"
    resolution: Resolution = 64
    batch_size: int = 1
    steps: int = 8000
    sample_every: int = 1000
    checkpoint_every: int = 1000

    learning_rate: float = 2e-4
    """Learning rate of all optimizers. It is constant for half the run, then falls linearly to zero."""

    contrast_weight: float = 1.0
    """Weight of the contrast between patches of an image and of its translation, lambda."""

    identity: bool = True
    """Contrast images of the target's domain with their own translations too."""

    patches: int = 256
    """Number of patches of each feature map."""

    width: int = 16
    """Features of the generator's first layer. The paper has 64."""

    blocks: int = 6
    """Residual blocks of the generator. The paper has 9."""

    discriminator_width: int = 32
    """Features of the discriminator's first layer. The paper has 64."""

    layers: int = 2
    """Layers of stride 2 in the discriminator. One judges patches of 16x16 pixels, two of 34x34, three of 70x70."""

    antialias: bool = False
    """Blur before steps down, and step up bilinearly, as the authors' code does: plain surfaces stay plain."""


def build(config: Config, data: DataInfo) -> Game:
    shapes = data.translation_shapes
    adam = optax.adam(constant_then_linear(config.learning_rate, config.steps), b1=0.5)
    return cut(
        cyclegan_resnet.Generator(shapes[1][2], config.width, config.blocks, antialias=config.antialias),
        patchgan.Discriminator(config.discriminator_width, config.layers, plain_instance_norm, config.antialias),
        shapes,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        contrast_weight=config.contrast_weight,
        identity=config.identity,
        patches=config.patches,
    )
