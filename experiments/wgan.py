"""Wasserstein GAN (Arjovsky, Chintala and Bottou 2017, arXiv 1701.07875, algorithm 1), on DCGAN's networks.

The critic moves five times a round, each on a batch of its own, and its weights are clipped; RMSProp, without momentum.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.games.gan import gan
from gan_jax.latents import normal
from gan_jax.networks import dcgan
from gan_jax.objectives import wasserstein
from gan_jax.optimizers import clip_weights
from gan_jax.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """WGAN: a critic with clipped weights estimates the Wasserstein distance, up to a factor."""

    dataset: str = "digits"
    resolution: int = 8
    steps: int = 4000
    sample_every: int = 1000
    checkpoint_every: int = 2000

    critic_steps: int = 5
    """Moves of the critic in a round."""

    clip: float = 0.01
    """The critic's weights are kept between -clip and clip."""

    learning_rate: float = 5e-4
    """RMSProp's, of both networks. Ten times the paper's, for a run this short."""

    width: int = 24
    """Features beside the images; each halving of the side doubles them."""

    latent_size: int = 32
    """Numbers in a latent vector."""

    ema: float = 0.998
    """Decay of the average of the generator's weights that samples are drawn from."""


def build(config: Config, data: DataInfo) -> Game:
    resolution, _, channels = data.image_shape
    rmsprop = optax.rmsprop(config.learning_rate, decay=0.99)
    return gan(
        dcgan.Generator(resolution, channels, config.width),
        dcgan.Discriminator(config.width),
        wasserstein,
        generator_optimizer=rmsprop,
        discriminator_optimizer=optax.chain(rmsprop, clip_weights(config.clip)),
        latent=normal(config.latent_size),
        discriminator_steps=config.critic_steps,
        ema=config.ema,
    )
