"""A plain GAN (Goodfellow et al. 2014, arXiv 1406.2661) of small MLPs on a ring of 8 Gaussians.

The classic picture of mode collapse and of players that chase each other: the generator covers some modes, leaves them
for others, and seldom has all. After Metz et al. 2016 (arXiv 1611.02163, section 3.1).

For 25 Gaussians or a spiral: --dataset grid, --dataset swissroll.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import mlp
from gan_jax.networks.latents import normal
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """The GAN game on points in the plane."""

    dataset: str = "ring"
    batch_size: int = 256
    steps: int = 10_000
    sample_every: int = 1000
    checkpoint_every: int = 5000

    learning_rate: float = 1e-3
    """Learning rate of the optimizers of both networks."""

    beta1: float = 0.5
    """Decay of Adam's average gradient, for both networks."""

    hidden: tuple[int, ...] = (128, 128)
    """Units of the hidden layers of both networks."""

    latent_size: int = 16
    """Numbers in a latent vector."""


def build(config: Config, data: DataInfo) -> Game:
    adam = optax.adam(config.learning_rate, b1=config.beta1)
    return gan(
        mlp.Generator(data.dimensions, config.hidden),
        mlp.Discriminator(config.hidden),
        non_saturating,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
    )
