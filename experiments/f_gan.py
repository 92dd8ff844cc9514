"""f-GAN (Nowozin, Cseke and Tomioka 2016, arXiv 1606.00709): a GAN of the divergence of one's choice.

The generator descends the paper's alternative loss (section 3.2), which is strong where the discriminator is sure.
"""

from dataclasses import dataclass
from typing import Literal

import optax

from gan_jax.data import DataInfo
from gan_jax.divergences import alternative_f_gan
from gan_jax.game import Game
from gan_jax.games.gan import gan
from gan_jax.latents import normal
from gan_jax.networks import dcgan
from gan_jax.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """f-GAN: DCGAN that minimizes an f-divergence."""

    dataset: str = "digits"
    resolution: int = 8
    steps: int = 5000
    sample_every: int = 1000
    checkpoint_every: int = 2000

    divergence: Literal["jensen_shannon", "kl", "reverse_kl", "pearson", "squared_hellinger"] = "pearson"
    """Between the data and the generator, which the discriminator estimates and the generator minimizes."""

    learning_rate: float = 2e-4
    """Adam's, of both networks."""

    width: int = 24
    """Features beside the images; each halving of the side doubles them."""

    latent_size: int = 32
    """Numbers in a latent vector."""

    ema: float = 0.998
    """Decay of the average of the generator's weights that samples are drawn from."""


def build(config: Config, data: DataInfo) -> Game:
    resolution, _, channels = data.image_shape
    adam = optax.adam(config.learning_rate, b1=0.5)
    return gan(
        dcgan.Generator(resolution, channels, config.width),
        dcgan.Discriminator(config.width),
        alternative_f_gan(config.divergence),
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        ema=config.ema,
    )
