"""f-GAN (Nowozin, Cseke and Tomioka 2016, arXiv 1606.00709): a GAN that minimizes a chosen f-divergence.

The generator descends the paper's alternative loss (section 3.2), whose gradient stays strong where the discriminator
is sure.
"""

from dataclasses import dataclass
from typing import Literal

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.objectives import alternative_f_gan
from gan_jax.recipes import gan
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """f-GAN: DCGAN that minimizes an f-divergence."""

    divergence: Literal["jensen_shannon", "kl", "reverse_kl", "pearson", "squared_hellinger"] = "pearson"
    """Divergence between the data and the generator. The discriminator estimates it and the generator minimizes it."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    adam = optax.adam(config.learning_rate, b1=0.5)
    return gan(
        dcgan.Generator((height, width), channels, config.width),
        dcgan.Discriminator(config.width),
        alternative_f_gan(config.divergence),
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        ema=config.ema,
    )
