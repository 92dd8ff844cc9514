"""Texts by a GAN whose generator draws characters by the Gumbel-softmax, through which gradients pass.

Sources: Jang et al. 2016 (arXiv 1611.01144); Kusner and Hernandez-Lobato 2016 (arXiv 1611.04051), who made GANs of
texts with it. The network is that of `text_likelihood.py`, so a run of it can be the start: --init-from RUN.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game, constant_then_linear
from gan_jax.networks import text
from gan_jax.networks.latents import gumbel
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan, with_likelihood
from gan_jax.regularizers import every, r1
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """A GAN of the recurrent network that predicts the next character, and a discriminator of every prefix."""

    dataset: str = "grammar"
    steps: int = 3000
    sample_every: int = 1000
    checkpoint_every: int = 1000

    learning_rate: float = 2e-3
    """Learning rate of both optimizers. It is constant for half the run, then falls linearly to zero."""

    temperature: float = 1.0
    """Temperature of the Gumbel-softmax."""

    straight_through: bool = True
    """Show the discriminator whole characters, and pass gradients through the softmax. If not, it sees the softmax."""

    gamma: float = 0.1
    """Weight of the discriminator's R1 penalty. Without it, the discriminator wins."""

    width: int = 128
    """Features of the recurrent unit."""

    discriminator_width: int = 64
    """Features of the layers of the discriminator."""

    ema: float = 0.99
    """Decay of the moving average of the generator's weights. Samples are drawn from the average."""


def build(config: Config, data: DataInfo) -> Game:
    schedule = constant_then_linear(config.learning_rate, config.steps)
    adam = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule, b1=0.5, b2=0.99))
    generator = text.Generator(config.width, config.temperature, config.straight_through)
    game = gan(
        generator,
        text.Discriminator(config.discriminator_width),
        non_saturating,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=gumbel(*data.text_shape),
        regularizers=[every(4, r1(config.gamma))],
        ema=config.ema,
    )
    return with_likelihood(game, generator)
