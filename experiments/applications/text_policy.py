"""Texts by a GAN with a policy gradient (SeqGAN, Yu et al. 2017, arXiv 1609.05473), which starts from likelihood.

The discriminator judges every prefix, in the place of SeqGAN's rollouts. The network is that of `text_likelihood.py`.
To start from nothing, as ScratchGAN does (de Masson d'Autume et al. 2019, arXiv 1905.09922), give --pretraining 0
--learning-rate 1e-3.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import text
from gan_jax.networks.latents import gumbel
from gan_jax.objectives import non_saturating
from gan_jax.recipes import policy_gradient
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """SeqGAN with a reward for each character."""

    dataset: str = "grammar"
    steps: int = 2000
    sample_every: int = 1000
    checkpoint_every: int = 1000

    pretraining: int = 1000
    """First steps, in which the generator learns by likelihood."""

    pretraining_rate: float = 3e-3
    """Learning rate of the generator in these steps."""

    learning_rate: float = 1e-4
    """Learning rate of the generator after them."""

    discriminator_rate: float = 1e-3
    """Learning rate of the discriminator."""

    discount: float = 0.5
    """What a reward counts for the character before its own, relative to that of this one."""

    width: int = 128
    """Features of the recurrent unit."""

    discriminator_width: int = 64
    """Features of the layers of the discriminator."""

    ema: float = 0.99
    """Decay of the moving average of the generator's weights. Samples are drawn from the average."""


def build(config: Config, data: DataInfo) -> Game:
    rates = [optax.constant_schedule(rate) for rate in (config.pretraining_rate, config.learning_rate)]
    schedule = optax.join_schedules(rates, [config.pretraining])
    return policy_gradient(
        text.Generator(config.width),
        text.Discriminator(config.discriminator_width),
        non_saturating,
        generator_optimizer=optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule, b1=0.5, b2=0.99)),
        discriminator_optimizer=optax.adam(config.discriminator_rate, b1=0.5, b2=0.99),
        latent=gumbel(*data.text_shape),
        discount=config.discount,
        pretraining=config.pretraining,
        ema=config.ema,
    )
