"""BEGAN (Berthelot et al. 2017, arXiv 1703.10717): the discriminator is an autoencoder, on 8x8 scans of digits.

At the end of the run the samples show most kinds of digits. After twice as many steps they were fewer and more blurred.
The paper keeps its games balanced for longer: it halves the learning rate when the convergence measure stalls.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.networks import autoencoder
from gan_jax.networks.latents import uniform
from gan_jax.recipes import began
from gan_jax.training import ImageGan


@dataclass(frozen=True, kw_only=True)
class Config(ImageGan):
    """BEGAN: a controller holds an autoencoding discriminator in balance with the generator."""

    steps: int = 1000
    sample_every: int = 500
    checkpoint_every: int = 1000
    learning_rate: float = 5e-4
    latent_size: int = 16
    ema: float = 0.99

    width: int = 16
    """Features of the decoder. Each halving of the side adds as many to those of the encoder."""

    code_size: int = 16
    """Numbers in a code. They are few beside the 64 pixels, so that not every image is reconstructed well."""

    gamma: float = 0.9
    """Ratio of the losses of generated and real images to aim at. Lower is sharper and less diverse."""

    k_rate: float = 1e-2
    """Gain of the controller, lambda_k."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    adam = optax.adam(config.learning_rate, b1=0.5)
    return began(
        autoencoder.Decoder((height, width), channels, config.width),
        autoencoder.Autoencoder(config.code_size, config.width),
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=uniform(config.latent_size),
        gamma=config.gamma,
        k_rate=config.k_rate,
        ema=config.ema,
    )
