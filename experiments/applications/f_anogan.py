"""Anomaly detection: a game learns what is normal, and an anomaly is what it cannot make again (f-AnoGAN).

Source: Schlegl et al. 2019, Medical Image Analysis 54, and with --no-encoder their AnoGAN (2017, arXiv 1703.05921).
The digit 0 is the anomaly by default: --dataset anomalies:7:digits for another one. Attacks on a network among normal
connections: --dataset nsl_kdd:PATH. `gan-jax evaluate` compares with scikit-learn's detectors, and `gan-jax detect RUN
DATA OUT.csv` scores new rows or images.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import dcgan, mlp
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import no_norm
from gan_jax.objectives import wasserstein
from gan_jax.recipes import gan, with_encoder
from gan_jax.regularizers import wgan_gp
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """f-AnoGAN: WGAN-GP and an encoder that follows it, on DCGAN's networks for images and on MLPs for rows."""

    dataset: str = "anomalies:0:digits"
    steps: int = 3000
    learning_rate: float = 6e-4

    hidden: tuple[int, ...] = (256, 256)
    """Units of the hidden layers of the networks for rows of tables."""

    encoder: bool = True
    """Train an encoder. Without it, latents are found by gradient descent for each example, which takes long."""

    feature_weight: float = 1.0
    """Weight of the difference of features beside that of values, for the encoder (kappa)."""

    critic_steps: int = 3
    """Updates of the critic in one training step, n_critic."""


def build(config: Config, data: DataInfo) -> Game:
    if len(data.example_shape) == 1:
        generator = mlp.Generator(data.dimensions, config.hidden)
        critic, encoder = (mlp.Discriminator(config.hidden, outputs) for outputs in (1, config.latent_size))
    else:
        height, width, channels = data.image_shape
        generator = dcgan.Generator((height, width), channels, config.width)
        critic, encoder = (dcgan.Discriminator(config.width, n, no_norm) for n in (1, config.latent_size))
    adam = optax.adam(config.learning_rate, b1=0.0, b2=0.9)
    game = gan(
        generator,
        critic,
        wasserstein,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        regularizers=[wgan_gp()],
        discriminator_updates=config.critic_steps,
        ema=config.ema,
    )
    return with_encoder(game, encoder, adam, feature_weight=config.feature_weight) if config.encoder else game
