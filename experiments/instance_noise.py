"""Instance noise (Sonderby et al. 2016, arXiv 1610.04490): a DCGAN whose discriminator sees all through noise.

The noise shrinks linearly and is gone after half the steps.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.games.gan import gan
from gan_jax.instance_noise import instance_noise
from gan_jax.latents import normal
from gan_jax.networks import dcgan
from gan_jax.objectives import non_saturating
from gan_jax.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """DCGAN with Gaussian noise on the discriminator's inputs, annealed to none."""

    dataset: str = "digits"
    resolution: int = 8
    steps: int = 5000
    sample_every: int = 1000
    checkpoint_every: int = 2000

    learning_rate: float = 2e-4
    """Adam's, of both networks."""

    width: int = 24
    """Features beside the images; each halving of the side doubles them."""

    latent_size: int = 32
    """Numbers in a latent vector."""

    ema: float = 0.998
    """Decay of the average of the generator's weights that samples are drawn from."""

    noise: float = 0.3
    """Standard deviation of the noise at the start; images are in [-1, 1]."""


def build(config: Config, data: DataInfo) -> Game:
    resolution, _, channels = data.image_shape
    adam = optax.adam(config.learning_rate, b1=0.5)
    return gan(
        dcgan.Generator(resolution, channels, config.width),
        dcgan.Discriminator(config.width),
        non_saturating,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        augmentation=instance_noise(optax.linear_schedule(config.noise, 0, config.steps // 2)),
        ema=config.ema,
    )
