"""A restricted Boltzmann machine by persistent contrastive divergence (Tieleman 2008): digits by a Markov chain.

A baseline that is no GAN: each sample takes hundreds of steps of Gibbs sampling. Gray values are probabilities of black
and white ones.
"""

import math
from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo, Resolution
from gan_jax.game import Game
from gan_jax.networks.rbm import RestrictedBoltzmannMachine
from gan_jax.recipes import rbm
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """A machine whose visible values are the pixels."""

    dataset: str = "digits"
    resolution: Resolution = 8
    batch_size: int = 64
    steps: int = 10_000
    sample_every: int = 2500
    checkpoint_every: int = 2500

    learning_rate: float = 0.05
    """Learning rate of gradient descent, which falls linearly to zero."""

    hidden: int = 256
    """Number of hidden values."""

    chains: int = 100
    """Number of Markov chains that are kept."""

    sample_steps: int = 500
    """Steps of Gibbs sampling of a sample."""


def build(config: Config, data: DataInfo) -> Game:
    network = RestrictedBoltzmannMachine(math.prod(data.image_shape), config.hidden)
    rate = optax.linear_schedule(config.learning_rate, 0.0, config.steps)
    options = {"chains": config.chains, "sample_steps": config.sample_steps}
    return rbm(network, data.image_shape, optax.sgd(rate), **options)
