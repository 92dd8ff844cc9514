"""A semi-supervised GAN (Salimans et al. 2016, arXiv 1606.03498, section 5) on 8x8 scans of digits, 10 labels a class.

The discriminator classifies images into the classes and generated ones. It learns from all images, with and without
labels. studies/semi_supervised.py measures what the images without labels are worth.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import ClassLogits
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.regularizers import classify_real
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """A semi-supervised GAN: a classifier whose confidence tells real images from generated ones."""

    labels_per_class: int | None = 10

    class_weight: float = 1.0
    """Weight of the loss on the labelled images."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    adam = optax.adam(config.learning_rate, b1=0.5)
    return gan(
        dcgan.Generator((height, width), channels, config.width),
        ClassLogits(dcgan.Discriminator(config.width, outputs=len(data.classes))),
        non_saturating,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        regularizers=[classify_real(config.class_weight)],
        ema=config.ema,
    )
