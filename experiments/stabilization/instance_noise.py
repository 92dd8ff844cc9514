"""Instance noise (Sonderby et al. 2016, arXiv 1610.04490): a DCGAN whose discriminator sees noisy images.

The noise shrinks linearly and is gone after half the steps.
"""

from dataclasses import dataclass

import optax

from gan_jax.augmentation import instance_noise
from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """DCGAN with Gaussian noise on the discriminator's inputs, annealed to none."""

    noise: float = 0.3
    """Standard deviation of the noise at the start. Images are in [-1, 1]."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    adam = optax.adam(config.learning_rate, b1=0.5)
    return gan(
        dcgan.Generator((height, width), channels, config.width),
        dcgan.Discriminator(config.width),
        non_saturating,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        augmentation=instance_noise(optax.linear_schedule(config.noise, 0, config.steps // 2)),
        ema=config.ema,
    )
