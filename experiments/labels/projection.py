"""The projection discriminator (Miyato and Koyama 2018, arXiv 1802.05637): a class-conditional SNGAN.

The generator's batch normalization has a scale and a bias for each class. The discriminator's logit is linear in the
embedding of the class. On 8x8 scans of digits; the samples go through the classes in turn.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import resnet
from gan_jax.networks.latents import normal
from gan_jax.objectives import hinge
from gan_jax.recipes import gan
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """A conditional GAN whose discriminator takes the inner product of features and the embedding of the class."""

    width: int = 32
    """Features of both networks. From 64x64 on they are those beside the images; the smallest maps have 16 times as
    many."""

    discriminator_steps: int = 1
    """Updates of the discriminator in one training step. The paper has 5."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    adam = optax.adam(config.learning_rate, b1=0.0, b2=0.9)
    return gan(
        resnet.Generator((height, width), channels, config.width, len(data.classes)),
        resnet.Discriminator(config.width, classes=len(data.classes)),
        hinge,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        classes=len(data.classes),
        discriminator_updates=config.discriminator_steps,
        ema=config.ema,
    )
