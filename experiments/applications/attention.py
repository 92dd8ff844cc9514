"""Prediction of attention: maps of where people look in a picture (SalGAN, Pan et al. 2017, arXiv 1701.01081).

The default data are drawn. Photographs and the fixations of people: --dataset fixations:PATH, and PATH@1 to PATH@4 for
other folds. `gan-jax evaluate` has the measures of the field, and baselines.
"""

from dataclasses import dataclass

import optax

from gan_jax.common.checks import at_least
from gan_jax.data import DataInfo, Resolution
from gan_jax.game import Game, constant_then_linear
from gan_jax.networks import patchgan, unet
from gan_jax.networks.layers import instance_norm
from gan_jax.recipes import pix2pix
from gan_jax.regularizers import target_cross_entropy
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """SalGAN: a U-Net predicts the map, by its cross-entropy and by what a discriminator of pairs says."""

    dataset: str = "popout"
    resolution: Resolution = 64
    batch_size: int = 8
    steps: int = 2000
    sample_every: int = 1000
    checkpoint_every: int = 1000
    flip: bool = True
    jitter: bool = True

    learning_rate: float = 2e-4
    """Learning rate of both optimizers. It is constant for half the run, then falls linearly to zero."""

    content_weight: float = 200.0
    """Weight of the cross-entropy beside the adversarial loss. The authors' code has 20 (1 and 0.05 there)."""

    width: int = 32
    """Features of the U-Net beside the pictures."""

    bottleneck: int = 4
    """Smaller side of the smallest feature maps of the U-Net."""

    discriminator_width: int = 32
    """Features of the discriminator's first layer."""

    ema: float = 0.998
    """Decay of the moving average of the U-Net's weights, which predicts."""


def build(config: Config, data: DataInfo) -> Game:
    at_least(1, "bottleneck", config.bottleneck)
    source, target = shapes = data.pair_shapes
    adam = optax.adam(constant_then_linear(config.learning_rate, config.steps), b1=0.5)
    return pix2pix(
        unet.Generator(min(source[:2]) // config.bottleneck, target[2], config.width, normalization=instance_norm),
        patchgan.Discriminator(config.discriminator_width, 2, normalization=instance_norm),
        shapes,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        l1_weight=0.0,
        generator_regularizers=[target_cross_entropy(config.content_weight)],
        ema=config.ema,
    )
