"""Unrolled GAN (Metz et al. 2017, arXiv 1611.02163, section 3.1) on a ring of eight Gaussians in the plane.

The plain game: --unrolled-steps 0. In the paper its generator runs from some modes to others for good; with these
networks and learning rates it settles too. README.md beside this file has both.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.games.gan import gan
from gan_jax.latents import normal
from gan_jax.networks import mlp
from gan_jax.objectives import minimax
from gan_jax.settings import Settings
from gan_jax.unrolling import unroll


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """Unrolled GAN: the generator plays against the discriminator's answer to it."""

    dataset: str = "ring"
    steps: int = 10_000
    batch_size: int = 128

    unrolled_steps: int = 5
    """Moves of the discriminator that the generator looks ahead; 0 is the plain game."""

    generator_learning_rate: float = 1e-3
    """Adam's."""

    discriminator_learning_rate: float = 1e-4
    """Adam's."""

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
