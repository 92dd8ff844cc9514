"""LeCam regularization (Tseng et al. 2021, arXiv 2104.03310), on 8x8 scans of digits."""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.games.gan import gan
from gan_jax.latents import normal
from gan_jax.networks import dcgan
from gan_jax.objectives import non_saturating
from gan_jax.regularizers import lecam
from gan_jax.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """LeCam: the GAN game with logits that are held near the running average of the other side's."""

    dataset: str = "digits"
    resolution: int = 8
    steps: int = 5000

    weight: float = 0.1
    """Of the squared distances, lambda."""

    decay: float = 0.99
    """Of the running averages."""

    learning_rate: float = 2e-4
    """Adam's, of both networks."""

    width: int = 24
    """Features beside the images; each halving of the side doubles them."""

    latent_size: int = 32
    """Numbers in a latent vector."""

    ema: float = 0.998
    """Decay of the average of the generator's weights that samples are drawn from."""


def build(config: Config, data: DataInfo) -> Game:
    resolution, _, channels = data.image_shape
    adam = optax.adam(config.learning_rate, b1=0.5)
    return gan(
        dcgan.Generator(resolution, channels, config.width),
        dcgan.Discriminator(config.width),
        non_saturating,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        regularizers=[lecam(config.weight, config.decay)],
        ema=config.ema,
    )
