"""InfoGAN (Chen et al. 2016, arXiv 1606.03657) on 8x8 scans of digits: it finds classes and styles without labels."""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.games.gan import gan
from gan_jax.information import mutual_information
from gan_jax.latents import Codes, normal, with_codes
from gan_jax.networks import dcgan
from gan_jax.networks.heads import Heads
from gan_jax.objectives import non_saturating
from gan_jax.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """InfoGAN: some of the latents are codes, which the discriminator has to be able to read off the image."""

    dataset: str = "digits"
    resolution: int = 8
    steps: int = 5000
    sample_every: int = 1000
    checkpoint_every: int = 2000

    learning_rate: float = 2e-4
    """Adam's, of both networks."""

    width: int = 24
    """Features beside the images; each halving of the side doubles them."""

    latent_size: int = 32
    """Numbers in a latent vector, beside the codes."""

    ema: float = 0.998
    """Decay of the average of the generator's weights that samples are drawn from."""

    categories: int = 10
    """Of the categorical code."""

    continuous: int = 2
    """Continuous codes, uniform in [-1, 1)."""

    information: float = 1.0
    """Weight of the mutual information of the categorical code and the image."""

    continuous_information: float = 0.1
    """Weight of that of the continuous codes."""


def build(config: Config, data: DataInfo) -> Game:
    resolution, _, channels = data.image_shape
    codes = Codes((config.categories,), config.continuous)
    information = mutual_information(codes, config.information, config.continuous_information)
    adam = optax.adam(config.learning_rate, b1=0.5)
    return gan(
        dcgan.Generator(resolution, channels, config.width),
        Heads(dcgan.Discriminator(config.width, outputs=1 + codes.size), codes.heads),
        non_saturating,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=with_codes(normal(config.latent_size), codes),
        regularizers=[information],
        generator_regularizers=[information],
        ema=config.ema,
    )
