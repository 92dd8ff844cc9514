"""StyleGAN2 with ADA (Karras et al. 2020, arXiv 1912.04958 and 2006.06676), on 8x8 scans of digits.

The authors' setting for CIFAR-10: --dataset tfds:cifar10 --resolution 32 --width 512 --style 512 --latent-size 512
--batch-size 64 --gamma 0.01 --path-length 0 --mixing 0 --target 0.6 --images 500000, with conditional networks.
"""

from dataclasses import dataclass

import optax

from gan_jax.augmentation import ada, no_augmentation
from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import stylegan2
from gan_jax.networks.latents import normal
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.regularizers import every, path_length, r1
from gan_jax.training import ImageGan

_R1_EVERY, _PATH_EVERY = 16, 4


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """StyleGAN2: styles for each layer, lazy R1 and path length regularization, adaptive augmentation."""

    learning_rate: float = 2.5e-3
    most: int = 256
    """The most features that a layer has. The authors have 512."""
    style: int = 64
    """Size of a style. The authors have 512."""
    mapping_layers: int = 2
    """Layers from latents to styles. The authors have 8, and 2 for CIFAR-10."""
    gamma: float = 0.1
    """Weight of R1, times two. It is applied in every 16th step."""
    path_length: float = 2.0
    """Weight of the path length penalty, which is applied in every fourth step. 0 is without it."""
    mixing: float = 0.9
    """Probability that the styles of an image are those of two latents in training."""
    target: float | None = None
    """Mean sign of the logits of real images that ADA steers to, such as 0.6. None is without augmentation."""
    images: int = 100_000
    """Real images in which ADA's probability can rise from 0 to 1. The paper has 500,000."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    generator = stylegan2.Generator(
        (height, width), channels, config.width, config.most, config.style, config.mapping_layers, mixing=config.mixing
    )

    def adam(interval: int) -> optax.GradientTransformation:
        share = interval / (interval + 1)  # lazy penalties are further steps, and this keeps their size
        return optax.adam(config.learning_rate * share, b1=0.0, b2=0.99**share)

    lengths = [every(_PATH_EVERY, path_length(generator, config.path_length))] if config.path_length else []
    return gan(
        generator,
        stylegan2.Discriminator(config.width, config.most),
        non_saturating,
        generator_optimizer=adam(_PATH_EVERY),
        discriminator_optimizer=adam(_R1_EVERY),
        latent=normal(config.latent_size),
        regularizers=[every(_R1_EVERY, r1(config.gamma))],
        generator_regularizers=lengths,
        augmentation=no_augmentation if config.target is None else ada(target=config.target, images=config.images),
        ema=config.ema,
    )
