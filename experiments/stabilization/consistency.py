"""Balanced consistency regularization (bCR; Zhao et al. 2020, arXiv 2002.04724) on 8x8 scans of digits."""

from dataclasses import dataclass

import optax

from gan_jax.augmentation import translation
from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.regularizers import consistency
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """bCR: the discriminator is to give shifted images the logits of those they come from."""

    sample_every: int = 500
    checkpoint_every: int = 1000

    weight_real: float = 10.0
    """Weight of the change of the discriminator's logits on real images, lambda_real."""

    weight_fake: float = 10.0
    """Weight of the change of the discriminator's logits on generated images, lambda_fake."""


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
        regularizers=[consistency(translation, config.weight_real, config.weight_fake)],
        ema=config.ema,
    )
