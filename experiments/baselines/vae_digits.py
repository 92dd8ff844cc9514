"""A variational autoencoder (Kingma and Welling 2013, arXiv 1312.6114) with the networks of `dcgan_digits.py`.

A baseline that is no GAN. `gan-jax evaluate` reports the evidence lower bound of held-out images and their
log-likelihood by importance sampling (Burda et al. 2015, arXiv 1509.00519). Both take gray values for probabilities of
black and white ones, so they do not compare with those of `pixelcnn_digits.py`, which are of 17 gray values.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo, Resolution
from gan_jax.game import Game
from gan_jax.networks import dcgan
from gan_jax.recipes import vae
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """A VAE whose encoder is a discriminator's network and whose decoder is a generator's."""

    dataset: str = "digits"
    resolution: Resolution = 8
    batch_size: int = 64
    steps: int = 5000
    sample_every: int = 1000
    checkpoint_every: int = 1000

    learning_rate: float = 1e-3
    """Learning rate of Adam."""

    width: int = 24
    """Features of the layers next to the images. Each halving of the sides doubles them."""

    latent_size: int = 16
    """Size of a latent vector."""

    beta: float = 1.0
    """Weight of the divergence from the prior. 1 is the evidence lower bound."""

    ema: float = 0.998
    """Decay of the moving average of the weights, which samples are drawn with."""


def build(config: Config, data: DataInfo) -> Game:
    return vae(
        dcgan.Discriminator(config.width, 2 * config.latent_size),
        dcgan.Generator(config.resolution, data.image_shape[2], config.width),
        optax.adam(config.learning_rate),
        latent_size=config.latent_size,
        beta=config.beta,
        ema=config.ema,
    )
