"""BEGAN (Berthelot et al. 2017, arXiv 1703.10717): an autoencoder judges, on 8x8 scans of digits.

Where the run ends the samples are digits of most kinds; in one of twice the length they had become fewer and blurred.
The paper keeps its games balanced for longer by halving the learning rate when the convergence measure stalls.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.games.began import began
from gan_jax.latents import uniform
from gan_jax.networks import autoencoder
from gan_jax.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """BEGAN: an autoencoding discriminator, held in balance with the generator by a controller."""

    dataset: str = "digits"
    resolution: int = 8
    steps: int = 1000

    learning_rate: float = 5e-4
    """Adam's, of both networks."""

    gamma: float = 0.9
    """Loss of generated images over that of real ones which the controller aims at: lower is sharper, less diverse."""

    k_rate: float = 1e-2
    """The controller's gain, lambda_k."""

    width: int = 16
    """Features of the decoder; each halving of the side adds as many to the encoder's."""

    latent_size: int = 16
    """Numbers in a latent vector."""

    code_size: int = 16
    """Numbers in a code of the autoencoder: few beside the 64 pixels, so that not every image is reconstructed well."""

    ema: float = 0.99
    """Decay of the average of the generator's weights that samples are drawn from."""


def build(config: Config, data: DataInfo) -> Game:
    resolution, _, channels = data.image_shape
    adam = optax.adam(config.learning_rate, b1=0.5)
    return began(
        autoencoder.Decoder(resolution, channels, config.width),
        autoencoder.Autoencoder(config.code_size, config.width),
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=uniform(config.latent_size),
        gamma=config.gamma,
        k_rate=config.k_rate,
        ema=config.ema,
    )
