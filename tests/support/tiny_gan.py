"""An experiment that compiles in a moment: a GAN of points, for tests of what is around it."""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game, constant_then_linear
from gan_jax.networks import mlp
from gan_jax.networks.latents import normal
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    dataset: str = "ring"
    steps: int = 8
    batch_size: int = 16
    log_every: int = 1
    sample_every: int = 4
    checkpoint_every: int = 2

    learning_rate: float = 1e-2
    """Learning rate of both optimizers."""

    hidden: int = 4
    """Features of the hidden layers."""

    decay: bool = False
    """Let the learning rate fall."""

    layers: tuple[int, ...] = ()
    """Features of more hidden layers of the generator."""


def build(config: Config, data: DataInfo) -> Game:
    rate = constant_then_linear(config.learning_rate, config.steps) if config.decay else config.learning_rate
    adam = optax.adam(rate, b1=0.5)
    return gan(
        mlp.Generator(data.dimensions, (config.hidden, *config.layers)),
        mlp.Discriminator((config.hidden,)),
        non_saturating,
        adam,
        adam,
        latent=normal(3),
        ema=0.9,
    )
