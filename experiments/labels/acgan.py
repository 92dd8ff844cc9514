"""AC-GAN (Odena, Olah and Shlens, arXiv 1610.09585) on 8x8 scans of digits: the discriminator also tells the class.

The columns of the sample grids are the classes. For one of them alone: gan-jax sample RUN --class 7
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import ConcatGenerator, Heads
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.regularizers import classify_fake, classify_real
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """AC-GAN: the generator is told the class, and the discriminator also classifies."""

    class_weight: float = 1.0
    """Weight of the classification loss, for both players."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    classes = len(data.classes)
    adam = optax.adam(config.learning_rate, b1=0.5)
    return gan(
        ConcatGenerator(dcgan.Generator((height, width), channels, config.width), classes),
        Heads(dcgan.Discriminator(config.width, outputs=1 + classes), {"classes": classes}),
        non_saturating,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        classes=classes,
        judge_labels=False,
        regularizers=[classify_real(config.class_weight), classify_fake(config.class_weight)],
        generator_regularizers=[classify_fake(config.class_weight)],
        ema=config.ema,
    )
