"""R3GAN (Huang et al. 2024, arXiv 2501.05441): residual networks without normalization, on 8x8 scans of digits.

The paper's networks for CIFAR-10: --dataset tfds:cifar10 --resolution 32 --width 768 --batch-size 512 --latent-size 64.
Their learning rate starts at 2e-4, and gamma at 0.05. The authors also augment the images that D sees.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game, cosine
from gan_jax.networks import r3gan
from gan_jax.networks.latents import normal
from gan_jax.objectives import relativistic_pairing
from gan_jax.recipes import gan
from gan_jax.regularizers import zero_centred
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """R3GAN: relativistic pairing with zero-centred gradient penalties at real and generated images."""

    sample_every: int = 500
    checkpoint_every: int = 1000
    width: int = 32
    """Features of the layers of maps up to 32x32. Each doubling from there on halves them."""

    blocks: int = 1
    """Residual blocks of each size of maps. The paper has 2."""

    learning_rate: float = 1e-3
    """Learning rate of both optimizers at the start. It falls to a quarter along a cosine."""

    gamma: float = 0.1
    """Twice the weight of the squared gradient norms at the start. It falls to a tenth along a cosine."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    adam = optax.inject_hyperparams(optax.adam)(
        cosine(config.learning_rate, config.learning_rate / 4, config.steps),
        b1=0.0,
        b2=cosine(0.9, 0.99, config.steps),
    )
    return gan(
        r3gan.Generator((height, width), channels, config.width, config.blocks),
        r3gan.Discriminator(config.width, config.blocks),
        relativistic_pairing,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        regularizers=[zero_centred(cosine(config.gamma, config.gamma / 10, config.steps))],
        ema=config.ema,
    )
