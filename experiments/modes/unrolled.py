"""Unrolled GAN (Metz et al. 2017, arXiv 1611.02163, section 3.1) on a ring of eight Gaussians in the plane.

The plain game: --unrolled-steps 0. In the paper the generator of the plain game moves from some modes to others and
never settles. With these networks and learning rates it settles too. experiments/README.md has the results of both.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game, unroll
from gan_jax.networks import mlp
from gan_jax.networks.latents import normal
from gan_jax.objectives import minimax
from gan_jax.recipes import gan
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """Unrolled GAN: the generator plays against the discriminator's answer to it."""

    dataset: str = "ring"
    steps: int = 10_000
    batch_size: int = 128

    unrolled_steps: int = 5
    """Updates of the discriminator that the generator looks ahead. With 0 it is the plain game."""

    generator_learning_rate: float = 1e-3
    """Learning rate of the generator's optimizer."""

    discriminator_learning_rate: float = 1e-4
    """Learning rate of the discriminator's optimizer."""

    latent_size: int = 256
    """Numbers in a latent vector."""


def build(config: Config, data: DataInfo) -> Game:
    game = gan(
        mlp.Generator(data.dimensions),
        mlp.Discriminator(),
        minimax,
        generator_optimizer=optax.adam(config.generator_learning_rate, b1=0.5),
        discriminator_optimizer=optax.adam(config.discriminator_learning_rate, b1=0.5, eps_root=1e-8),
        latent=normal(config.latent_size),
    )
    return unroll(game, "generator", against="discriminator", steps=config.unrolled_steps)
