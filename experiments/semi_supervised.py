"""A semi-supervised GAN (Salimans et al. 2016, arXiv 1606.03498, section 5) on 8x8 scans of digits, 10 labels a class.

The discriminator is a classifier of the classes and of generated images: it learns from all images, labelled or not.
study_semi_supervised.py says what that is worth.
"""

from dataclasses import dataclass

import optax

from gan_jax.classification import classify_real
from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.games.gan import gan
from gan_jax.latents import normal
from gan_jax.networks import dcgan
from gan_jax.networks.heads import ClassLogits
from gan_jax.objectives import non_saturating
from gan_jax.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """A semi-supervised GAN: a classifier of the classes whose confidence tells real images from generated ones."""

    dataset: str = "digits"
    labels_per_class: int | None = 10
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

    class_weight: float = 1.0
    """Of the loss on the labelled images."""


def discriminator(config: Config, data: DataInfo) -> ClassLogits:
    return ClassLogits(dcgan.Discriminator(config.width, outputs=len(data.classes)))


def optimizer(config: Config) -> optax.GradientTransformation:
    return optax.adam(config.learning_rate, b1=0.5)


def build(config: Config, data: DataInfo) -> Game:
    resolution, _, channels = data.image_shape
    return gan(
        dcgan.Generator(resolution, channels, config.width),
        discriminator(config, data),
        non_saturating,
        generator_optimizer=optimizer(config),
        discriminator_optimizer=optimizer(config),
        latent=normal(config.latent_size),
        regularizers=[classify_real(config.class_weight)],
        ema=config.ema,
    )
