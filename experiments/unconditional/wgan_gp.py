"""WGAN-GP (Gulrajani et al. 2017, arXiv 1704.00028, algorithm 1) on 8x8 scans of digits.

The critic has no normalization and so learns slowly at first: the learning rate is three times DCGAN's.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import no_norm
from gan_jax.objectives import wasserstein
from gan_jax.recipes import gan
from gan_jax.regularizers import wgan_gp
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """WGAN-GP: a penalty draws the norm of the critic's gradient to 1 between real and generated images."""

    steps: int = 3000
    sample_every: int = 500
    checkpoint_every: int = 1000
    learning_rate: float = 6e-4

    weight: float = 10.0
    """Weight of the gradient penalty, lambda."""

    critic_steps: int = 5
    """Updates of the critic in one training step, n_critic."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    adam = optax.adam(config.learning_rate, b1=0.0, b2=0.9)
    return gan(
        dcgan.Generator((height, width), channels, config.width),
        dcgan.Discriminator(config.width, normalization=no_norm),
        wasserstein,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        regularizers=[wgan_gp(config.weight)],
        discriminator_updates=config.critic_steps,
        ema=config.ema,
    )
