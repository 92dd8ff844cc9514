"""InfoGAN (Chen et al. 2016, arXiv 1606.03657) on 8x8 scans of digits: it finds classes and styles without labels."""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import dcgan
from gan_jax.networks.latents import Codes, normal, with_codes
from gan_jax.networks.layers import Heads
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.regularizers import mutual_information
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """InfoGAN: some of the latents are codes that the discriminator learns to read off the image."""

    categories: int = 10
    """Categories of the categorical code."""

    continuous: int = 2
    """Number of continuous codes, which are uniform in [-1, 1)."""

    information: float = 1.0
    """Weight of the mutual information of the categorical code and the image."""

    continuous_information: float = 0.1
    """Weight of the mutual information of the continuous codes and the image."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    codes = Codes((config.categories,), config.continuous)
    information = mutual_information(codes, config.information, config.continuous_information)
    adam = optax.adam(config.learning_rate, b1=0.5)
    return gan(
        dcgan.Generator((height, width), channels, config.width),
        Heads(dcgan.Discriminator(config.width, outputs=1 + codes.size), codes.heads),
        non_saturating,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=with_codes(normal(config.latent_size), codes),
        regularizers=[information],
        generator_regularizers=[information],
        ema=config.ema,
    )
