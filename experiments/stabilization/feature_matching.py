"""Feature matching (Salimans et al. 2016, arXiv 1606.03498, section 3.1) on 8x8 scans of digits."""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.objectives import discriminator_only
from gan_jax.recipes import gan
from gan_jax.regularizers import feature_matching
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """Feature matching: the generator matches the mean of the discriminator's hidden features on real images."""

    sample_every: int = 500
    checkpoint_every: int = 1000

    weight: float = 1.0
    """Weight of the squared distance between the means."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    adam = optax.adam(config.learning_rate, b1=0.5)
    return gan(
        dcgan.Generator((height, width), channels, config.width),
        dcgan.Discriminator(config.width),
        discriminator_only,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        generator_regularizers=[feature_matching(config.weight)],
        ema=config.ema,
    )
