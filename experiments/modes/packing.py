"""PacGAN (Lin et al. 2018, arXiv 1712.04086) on a grid of 25 Gaussians: the discriminator judges several points.

A generator that collapses makes packs of similar points. Real packs are not like that, so the discriminator can tell
them apart (section 4.1). With --pack 1 it is the plain GAN.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import mlp
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import Packed
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """The GAN game on points in the plane, with a discriminator that judges packs of them."""

    dataset: str = "grid"
    batch_size: int = 256
    steps: int = 10_000
    sample_every: int = 1000
    checkpoint_every: int = 5000

    pack: int = 2
    """Points that the discriminator judges together. The batch size must be a multiple of it."""

    learning_rate: float = 1e-3
    """Learning rate of the optimizers of both networks."""

    hidden: tuple[int, ...] = (128, 128)
    """Units of the hidden layers of both networks."""

    latent_size: int = 2
    """Numbers in a latent vector."""


def build(config: Config, data: DataInfo) -> Game:
    adam = optax.adam(config.learning_rate, b1=0.5)
    return gan(
        mlp.Generator(data.dimensions, config.hidden),
        Packed(mlp.Discriminator(config.hidden), config.pack),
        non_saturating,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
    )
