"""WGAN-GP (Gulrajani et al. 2017, arXiv 1704.00028, algorithm 1) on 8x8 scans of digits."""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.games.gan import gan
from gan_jax.latents import normal
from gan_jax.networks import dcgan
from gan_jax.networks.normalization import no_norm
from gan_jax.objectives import wasserstein
from gan_jax.regularizers import wgan_gp
from gan_jax.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """WGAN-GP: a critic whose gradient is drawn to norm 1 between real and generated images."""

    dataset: str = "digits"
    resolution: int = 8
    steps: int = 3000

    weight: float = 10.0
    """Of the gradient penalty, lambda."""

    critic_steps: int = 5
    """The critic's moves in a round, n_critic."""

    learning_rate: float = 6e-4
    """Adam's, of both networks. Above DCGAN's: without normalization a discriminator learns slowly at first."""

    width: int = 24
    """Features beside the images; each halving of the side doubles them."""

    latent_size: int = 32
    """Numbers in a latent vector."""

    ema: float = 0.998
    """Decay of the average of the generator's weights that samples are drawn from."""


def build(config: Config, data: DataInfo) -> Game:
    resolution, _, channels = data.image_shape
    adam = optax.adam(config.learning_rate, b1=0.0, b2=0.9)
    return gan(
        dcgan.Generator(resolution, channels, config.width),
        dcgan.Discriminator(config.width, normalization=no_norm),
        wasserstein,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        regularizers=[wgan_gp(config.weight)],
        discriminator_steps=config.critic_steps,
        ema=config.ema,
    )
