"""Wasserstein GAN (Arjovsky, Chintala and Bottou 2017, arXiv 1701.07875, algorithm 1), on DCGAN's networks.

In every training step the critic is updated five times, each on a batch of its own, and its weights are clipped. The
optimizer is RMSProp without momentum. The learning rate is ten times the paper's, because the run is short.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game, clip_weights
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.objectives import wasserstein
from gan_jax.recipes import gan
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """WGAN: a critic with clipped weights estimates the Wasserstein distance, up to a factor."""

    steps: int = 4000
    learning_rate: float = 5e-4

    critic_steps: int = 5
    """Updates of the critic in one training step."""

    clip: float = 0.01
    """The critic's weights are kept between -clip and clip."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    rmsprop = optax.rmsprop(config.learning_rate, decay=0.99)
    return gan(
        dcgan.Generator((height, width), channels, config.width),
        dcgan.Discriminator(config.width),
        wasserstein,
        generator_optimizer=rmsprop,
        discriminator_optimizer=optax.chain(rmsprop, clip_weights(config.clip)),
        latent=normal(config.latent_size),
        discriminator_updates=config.critic_steps,
        ema=config.ema,
    )
