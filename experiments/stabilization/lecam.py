"""LeCam regularization (Tseng et al. 2021, arXiv 2104.03310), on 8x8 scans of digits."""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.regularizers import lecam
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """LeCam: logits of real and of generated images are held near the running average of the other kind."""

    sample_every: int = 500
    checkpoint_every: int = 1000

    weight: float = 0.1
    """Weight of the squared distances, lambda."""

    decay: float = 0.99
    """Decay of the running averages."""


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
        regularizers=[lecam(config.weight, config.decay)],
        ema=config.ema,
    )
