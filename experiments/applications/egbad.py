"""Anomaly detection by a bidirectional GAN: EGBAD (Zenati et al. 2018, arXiv 1802.06222).

The discriminator judges pairs of an example and its latents, and an encoder plays against it beside the generator
(BiGAN, Donahue et al. 2017, arXiv 1605.09782). The digit 0 is the anomaly by default: --dataset anomalies:7:digits for
another one. Attacks on a network among normal connections: --dataset nsl_kdd:PATH.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import dcgan, mlp
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import no_norm
from gan_jax.networks.pairs import PairDiscriminator
from gan_jax.objectives import non_saturating
from gan_jax.recipes import bigan
from gan_jax.regularizers import every, r1
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """EGBAD: DCGAN's networks for images, and MLPs for rows of tables."""

    dataset: str = "anomalies:0:digits"
    steps: int = 5000
    learning_rate: float = 6e-4
    latent_size: int = 8

    hidden: tuple[int, ...] = (256, 256)
    """Units of the hidden layers of the networks for rows of tables."""

    anomaly_weight: float = 0.1
    """Weight of the difference of features in the score, beside the difference of values. Training does not use it."""

    gamma: float = 0.1
    """Twice the weight of the squared gradient norm of R1, which is taken at pairs in every fourth step."""


def build(config: Config, data: DataInfo) -> Game:
    if len(data.example_shape) == 1:
        generator = mlp.Generator(data.dimensions, config.hidden)
        encoder = mlp.Discriminator(config.hidden, config.latent_size)
        discriminator = mlp.Discriminator(config.hidden)
    else:
        height, width, channels = data.image_shape
        generator = dcgan.Generator((height, width), channels, config.width)
        encoder = dcgan.Discriminator(config.width, config.latent_size)
        images = dcgan.Discriminator(config.width, 256, no_norm)
        discriminator = PairDiscriminator(images, data.image_shape)
    adam = optax.adam(config.learning_rate, b1=0.5)
    return bigan(
        generator,
        encoder,
        discriminator,
        non_saturating,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        regularizers=[every(4, r1(config.gamma))],
        ema=config.ema,
        anomaly_weight=config.anomaly_weight,
    )
