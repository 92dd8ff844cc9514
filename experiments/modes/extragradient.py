"""Extragradient with Adam (Gidel et al. 2019, arXiv 1802.10551, algorithm 4) on a ring of eight Gaussians in the plane.

Both networks follow the gradients that they would find one step ahead, so that they do not circle the equilibrium. That
helps near the equilibrium. Without R1 these networks collapse onto one mode before they get there.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game, extragradient
from gan_jax.networks import mlp
from gan_jax.networks.latents import normal
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.regularizers import r1
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """ExtraAdam: each update takes two gradients, the first to look ahead."""

    dataset: str = "ring"
    steps: int = 10_000
    batch_size: int = 128

    learning_rate: float = 1e-3
    """Learning rate of the optimizers of both networks."""

    r1_gamma: float = 0.1
    """Twice the weight of the squared gradient norm at real points."""

    latent_size: int = 16
    """Numbers in a latent vector."""


def build(config: Config, data: DataInfo) -> Game:
    adam = optax.adam(config.learning_rate, b1=0.5, b2=0.9)
    return gan(
        mlp.Generator(data.dimensions),
        mlp.Discriminator(),
        non_saturating,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        regularizers=[r1(config.r1_gamma)],
        dynamics=extragradient,
    )
