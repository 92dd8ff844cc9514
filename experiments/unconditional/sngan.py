"""SNGAN (Miyato et al. 2018, arXiv 1802.05957): residual networks, spectral normalization and the hinge objective.

This one is for 8x8 scans of digits. The networks of the paper's table 3, for 32x32 images: --resolution 32
--generator-width 256 --discriminator-width 128 --discriminator-steps 5 --latent-size 128.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo, Resolution
from gan_jax.game import Game
from gan_jax.networks import resnet
from gan_jax.networks.latents import normal
from gan_jax.objectives import hinge
from gan_jax.recipes import gan
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """SNGAN: every weight of the discriminator is divided by its spectral norm."""

    resolution: Resolution = 8
    steps: int = 5000
    sample_every: int = 1000
    checkpoint_every: int = 2000

    learning_rate: float = 2e-4
    """Learning rate of the optimizers of both networks."""

    generator_width: int = 32
    """Features of the generator. From 64x64 on its last block has them, and its first map has 16 times as many."""

    discriminator_width: int = 32
    """Features of the discriminator. From 64x64 on its first block has them, and its last has 16 times as many."""

    discriminator_steps: int = 1
    """Updates of the discriminator in one training step. The paper has 5."""

    latent_size: int = 32
    """Numbers in a latent vector."""

    ema: float = 0.998
    """Decay of the average of the generator's weights that samples are drawn from."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    adam = optax.adam(config.learning_rate, b1=0.0, b2=0.9)
    return gan(
        resnet.Generator((height, width), channels, config.generator_width),
        resnet.Discriminator(config.discriminator_width),
        hinge,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        discriminator_updates=config.discriminator_steps,
        ema=config.ema,
    )
