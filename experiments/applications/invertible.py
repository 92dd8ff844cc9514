"""A GAN to edit images with: DCGAN's networks with R1, and an encoder that says which latents an image comes from.

The encoder is that of f-AnoGAN (Schlegl et al. 2019). `gan-jax invert RUN IMAGE OUT` finds the latents of an image, by
the encoder and then by gradient descent, and `gan-jax edit RUN OUT` moves latents along directions. On 8x8 scans of
digits; for letters, with which the page of applications measures it: --dataset glyphs --resolution 32 --steps 10000
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import no_norm
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan, with_encoder
from gan_jax.regularizers import every, r1
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """A DCGAN whose discriminator is drawn to a gradient of 0 at real images, and an encoder."""

    learning_rate: float = 6e-4

    gamma: float = 0.1
    """Twice the weight of the squared gradient norm of R1."""

    interval: int = 16
    """Training steps from one penalty to the next. The penalty is as many times as strong."""

    feature_weight: float = 1.0
    """Weight of the difference of the discriminator's features beside that of pixels, for the encoder."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    adam = optax.adam(config.learning_rate, b1=0.5)
    game = gan(
        dcgan.Generator((height, width), channels, config.width),
        dcgan.Discriminator(config.width, normalization=no_norm),
        non_saturating,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        regularizers=[every(config.interval, r1(config.gamma))],
        ema=config.ema,
    )
    encoder = dcgan.Discriminator(config.width, config.latent_size)
    return with_encoder(game, encoder, optax.adam(config.learning_rate), feature_weight=config.feature_weight)
