"""The projection discriminator (Miyato and Koyama 2018, arXiv 1802.05637): a class-conditional SNGAN.

The generator's batch normalization has a scale and a bias for each class; the discriminator's logit is linear in the
class's embedding. On 8x8 scans of digits; samples go through the classes.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.games.gan import gan
from gan_jax.latents import normal
from gan_jax.networks import resnet
from gan_jax.objectives import hinge
from gan_jax.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """A conditional GAN whose discriminator takes the inner product of features and the class's embedding."""

    dataset: str = "digits"
    resolution: int = 8
    steps: int = 5000
    sample_every: int = 1000
    checkpoint_every: int = 2000

    learning_rate: float = 2e-4
    """Adam's, of both networks."""

    width: int = 32
    """Features of both networks; at 64x64 beside the images, and 16 times as many where they are smallest."""

    discriminator_steps: int = 1
    """Moves of the discriminator in a round; 5 in the paper."""

    latent_size: int = 32
    """Numbers in a latent vector."""

    ema: float = 0.998
    """Decay of the average of the generator's weights that samples are drawn from."""


def build(config: Config, data: DataInfo) -> Game:
    resolution, _, channels = data.image_shape
    adam = optax.adam(config.learning_rate, b1=0.0, b2=0.9)
    return gan(
        resnet.Generator(resolution, channels, config.width, len(data.classes)),
        resnet.Discriminator(config.width, classes=len(data.classes)),
        hinge,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        classes=len(data.classes),
        discriminator_steps=config.discriminator_steps,
        ema=config.ema,
    )
