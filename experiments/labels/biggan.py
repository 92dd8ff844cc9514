"""BigGAN (Brock et al. 2019, arXiv 1809.11096): wide conditional ResNets with skip-z, on 8x8 scans of digits.

The authors' setting for CIFAR-10: --dataset tfds:cifar10 --resolution 32 --width 64 --latent-size 128 --batch-size 50
--learning-rate 2e-4 --discriminator-rate 2e-4 --discriminator-steps 4 --orthogonal 0 --ema 0.9999 --steps 125000,
there with normally distributed weights at the start and without skip-z. The samples go through the classes in turn.
`gan-jax sample --truncation 0.5 --standing-statistics 100` draws as the paper does.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import biggan, biggan_deep
from gan_jax.networks.latents import normal
from gan_jax.objectives import hinge
from gan_jax.recipes import gan
from gan_jax.regularizers import orthogonal
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """BigGAN: a projection discriminator, spectral normalization in both networks, orthogonal regularization."""

    learning_rate: float = 1e-4
    """Learning rate of the generator's optimizer."""

    discriminator_rate: float = 4e-4
    """Learning rate of the discriminator's optimizer."""

    width: int = 8
    """A quarter of the features of both networks. From 64x64 on it is the features beside the images, and the smallest
    maps have 16 times as many. The authors have 96, or 128 in deep networks."""

    deep: bool = False
    """Take the networks of BigGAN-deep, with more layers and fewer parameters."""

    orthogonal: float = 1e-4
    """Weight of the penalty on the overlap of the generator's filters."""

    discriminator_steps: int = 1
    """Updates of the discriminator in one training step. The paper has 2."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    networks, classes = biggan_deep if config.deep else biggan, len(data.classes)
    return gan(
        networks.Generator((height, width), channels, config.width, classes),
        networks.Discriminator(config.width, classes),
        hinge,
        generator_optimizer=optax.adam(config.learning_rate, b1=0.0, b2=0.999),
        discriminator_optimizer=optax.adam(config.discriminator_rate, b1=0.0, b2=0.999),
        latent=normal(config.latent_size),
        classes=classes,
        generator_regularizers=[orthogonal(config.orthogonal)],
        discriminator_updates=config.discriminator_steps,
        ema=config.ema,
    )
