"""Prediction of attention without an adversary: the U-Net of `attention.py`, by the cross-entropy alone."""

from dataclasses import dataclass

import attention
import optax

from gan_jax.common.checks import at_least
from gan_jax.data import DataInfo
from gan_jax.game import Game, constant_then_linear
from gan_jax.networks import unet
from gan_jax.networks.layers import instance_norm
from gan_jax.recipes import regression
from gan_jax.regularizers import cross_entropy


@dataclass(frozen=True, kw_only=True)
class Config(attention.Config):
    """A U-Net that minimizes the cross-entropy of its maps. It has no discriminator, whose settings do nothing."""


def build(config: Config, data: DataInfo) -> Game:
    at_least(1, "bottleneck", config.bottleneck)
    source, target = shapes = data.pair_shapes
    return regression(
        unet.Generator(min(source[:2]) // config.bottleneck, target[2], config.width, normalization=instance_norm),
        shapes,
        optax.adam(constant_then_linear(config.learning_rate, config.steps), b1=0.5),
        distance=cross_entropy,
        ema=config.ema,
    )
