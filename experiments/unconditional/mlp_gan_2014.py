"""The first GAN (Goodfellow et al. 2014, arXiv 1406.2661): fully connected networks, on 8x8 scans of digits.

The generator has ReLU units, the discriminator maxout units and dropout. Both are trained by SGD with momentum, the
generator on the non-saturating objective (section 3). The latents are uniform.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo, Resolution
from gan_jax.game import Game
from gan_jax.networks import mlp
from gan_jax.networks.latents import uniform
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """The GAN of 2014: two multilayer perceptrons."""

    resolution: Resolution = 8
    steps: int = 20_000
    sample_every: int = 2000
    checkpoint_every: int = 5000

    learning_rate: float = 0.1
    """Learning rate of the optimizers of both networks at the start. It falls to a hundredth of that over the run."""

    momentum: float = 0.5
    """Momentum of the optimizers of both networks."""

    hidden: int = 256
    """Units in each of the generator's two hidden layers. The authors' code has 1200 for MNIST."""

    maxout: int = 128
    """Maxout units in each of the discriminator's two hidden layers. The authors' code has 240 for MNIST."""

    latent_size: int = 100
    """Numbers in a latent vector."""


def build(config: Config, data: DataInfo) -> Game:
    schedule = optax.exponential_decay(config.learning_rate, config.steps, 0.01)
    sgd = optax.sgd(schedule, config.momentum)
    return gan(
        mlp.ImageGenerator(data.image_shape, (config.hidden, config.hidden)),
        mlp.ImageDiscriminator((config.maxout, config.maxout)),
        non_saturating,
        generator_optimizer=sgd,
        discriminator_optimizer=sgd,
        latent=uniform(config.latent_size),
    )
