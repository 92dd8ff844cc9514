"""R1 (Mescheder et al. 2018, arXiv 1801.04406), applied lazily (arXiv 1912.04958), on 8x8 scans of digits.

The discriminator has no normalization and so learns slowly at first: the learning rate is three times DCGAN's.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import no_norm
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.regularizers import every, r1
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """R1: a penalty draws the discriminator's gradient to 0 at real images."""

    sample_every: int = 500
    checkpoint_every: int = 1000
    learning_rate: float = 6e-4

    gamma: float = 0.1
    """Twice the weight of the squared gradient norm."""

    interval: int = 16
    """Training steps from one penalty to the next. The penalty is as many times as strong."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    adam = optax.adam(config.learning_rate, b1=0.5)
    return gan(
        dcgan.Generator((height, width), channels, config.width),
        dcgan.Discriminator(config.width, normalization=no_norm),
        non_saturating,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        regularizers=[every(config.interval, r1(config.gamma))],
        ema=config.ema,
    )
