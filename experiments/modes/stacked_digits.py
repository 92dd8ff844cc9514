"""DCGAN on stacked digits: three 8x8 scans in one image, whose 1,000 modes `gan-jax evaluate` counts.

The test of mode collapse of Metz et al. 2016 (arXiv 1611.02163, section 3.3.1) and of PacGAN (arXiv 1712.04086, section
4.2). They stack MNIST: --dataset stacked:npz:mnist.npz --resolution 32.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo, Resolution
from gan_jax.game import Game
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """DCGAN: a convolutional generator and discriminator that play the GAN game."""

    dataset: str = "stacked:digits"
    resolution: Resolution = 8
    steps: int = 10_000
    sample_every: int = 1000
    checkpoint_every: int = 2000

    learning_rate: float = 2e-4
    """Learning rate of the optimizers of both networks."""

    width: int = 24
    """Features beside the images. Each halving of the side doubles them."""

    latent_size: int = 64
    """Numbers in a latent vector."""


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
    )
