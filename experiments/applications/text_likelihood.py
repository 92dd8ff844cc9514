"""Texts by an autoregressive model and maximum likelihood: what GANs of texts have to beat.

The default data are sentences of a grammar. Real texts, line by line: --dataset text:PATH. `gan-jax sample RUN --out
OUT.txt` writes samples, and `gan-jax evaluate` measures them, beside models that count characters.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import text
from gan_jax.networks.latents import gumbel
from gan_jax.recipes import likelihood
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """A recurrent network that predicts the next character."""

    dataset: str = "grammar"
    steps: int = 2000
    sample_every: int = 1000
    checkpoint_every: int = 1000

    learning_rate: float = 3e-3
    """Learning rate of the optimizer at the start. It falls to zero along a cosine."""

    width: int = 128
    """Features of the recurrent unit."""

    ema: float = 0.99
    """Decay of the moving average of the weights. Samples are drawn from the average."""


def build(config: Config, data: DataInfo) -> Game:
    schedule = optax.cosine_decay_schedule(config.learning_rate, config.steps)
    return likelihood(
        text.Generator(config.width),
        optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule)),
        latent=gumbel(*data.text_shape),
        ema=config.ema,
    )
