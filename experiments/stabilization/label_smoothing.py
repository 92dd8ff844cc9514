"""One-sided label smoothing (Salimans et al. 2016, arXiv 1606.03498, section 3.4), on DCGAN."""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.objectives import smoothed
from gan_jax.recipes import gan
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """DCGAN whose discriminator is taught not to be sure."""

    real_target: float = 0.9
    """Probability of being real that the discriminator is taught for real images."""

    fake_target: float = 0.0
    """Probability of being real that it is taught for generated images. Above 0 the smoothing is two-sided."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    adam = optax.adam(config.learning_rate, b1=0.5)
    return gan(
        dcgan.Generator((height, width), channels, config.width),
        dcgan.Discriminator(config.width),
        smoothed(config.real_target, config.fake_target),
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        ema=config.ema,
    )
