"""Three-dimensional shapes by a critic with gradient penalty, on the networks of `shapes_gan.py`.

Source: Gulrajani et al. 2017 (arXiv 1704.00028), on voxels as by Smith and Meger 2017 (arXiv 1707.09557).
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo, Resolution
from gan_jax.game import Game
from gan_jax.networks import gan3d
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import no_norm
from gan_jax.objectives import wasserstein
from gan_jax.recipes import gan
from gan_jax.regularizers import wgan_gp
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """WGAN-GP on volumes: the critic has no normalization and is updated several times in each step."""

    dataset: str = "shapes"
    resolution: Resolution = 32
    batch_size: int = 32
    steps: int = 2000
    sample_every: int = 500
    checkpoint_every: int = 500

    learning_rate: float = 1e-3
    """Learning rate of both optimizers."""

    width: int = 16
    """Features of the layers next to the volumes. Each halving of the sides doubles them."""

    latent_size: int = 64
    """Size of a latent vector."""

    weight: float = 10.0
    """Weight of the gradient penalty, lambda."""

    critic_steps: int = 3
    """Updates of the critic in one training step, n_critic."""

    ema: float = 0.995
    """Decay of the moving average of the generator's weights. Samples are drawn from the average."""


def build(config: Config, data: DataInfo) -> Game:
    adam = optax.adam(config.learning_rate, b1=0.0, b2=0.9)
    return gan(
        gan3d.Generator(data.volume_side, config.width),
        gan3d.Discriminator(config.width, normalization=no_norm),
        wasserstein,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        regularizers=[wgan_gp(config.weight)],
        discriminator_updates=config.critic_steps,
        ema=config.ema,
    )
