"""One-sided label smoothing (Salimans et al. 2016, arXiv 1606.03498, section 3.4), on DCGAN."""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.games.gan import gan
from gan_jax.latents import normal
from gan_jax.networks import dcgan
from gan_jax.objectives import smoothed
from gan_jax.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """DCGAN whose discriminator is taught not to be sure."""

    dataset: str = "digits"
    resolution: int = 8
    steps: int = 5000
    sample_every: int = 1000
    checkpoint_every: int = 2000

    real_target: float = 0.9
    """Probability of being real that the discriminator is taught for real images."""

    fake_target: float = 0.0
    """And for generated images: above 0, smoothing is two-sided."""

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
        smoothed(config.real_target, config.fake_target),
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        ema=config.ema,
    )
