"""Three-dimensional shapes by a variational autoencoder: a baseline with the networks of `shapes_gan.py`."""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo, Resolution
from gan_jax.game import Game, constant_then_linear
from gan_jax.networks import gan3d
from gan_jax.recipes import vae
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """A VAE whose encoder is the discriminator's network and whose decoder is the generator's."""

    dataset: str = "shapes"
    resolution: Resolution = 32
    batch_size: int = 32
    steps: int = 3000
    sample_every: int = 500
    checkpoint_every: int = 500

    learning_rate: float = 1e-3
    """Learning rate of the optimizer. It is constant for half the run, then falls linearly to zero."""

    width: int = 16
    """Features of the layers next to the volumes. Each halving of the sides doubles them."""

    latent_size: int = 16
    """Size of a latent vector."""

    beta: float = 3.0
    """Weight of the divergence from the prior. 1 is the evidence lower bound, whose samples are worse here."""

    ema: float = 0.995
    """Decay of the moving average of the weights. Samples are drawn from the average."""


def build(config: Config, data: DataInfo) -> Game:
    return vae(
        gan3d.Discriminator(config.width, outputs=2 * config.latent_size),
        gan3d.Generator(data.volume_side, config.width),
        optax.adam(constant_then_linear(config.learning_rate, config.steps)),
        latent_size=config.latent_size,
        beta=config.beta,
        ema=config.ema,
    )
