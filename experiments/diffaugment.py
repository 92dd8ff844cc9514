"""DiffAugment (Zhao et al. 2020, arXiv 2006.10738): a DCGAN that learns digits from 200 images.

The same without it: gan-jax train experiments/dcgan_digits.py --examples 200 --steps 4000.
On these 8x8 digits, where brightness and contrast tell little and a cutout hides half of one, it does worse than that:
see README.md beside this file.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo
from gan_jax.diffaugment import brightness, contrast, cutout, diff_augment, saturation, translation
from gan_jax.game import Game
from gan_jax.games.gan import gan
from gan_jax.latents import normal
from gan_jax.networks import dcgan
from gan_jax.objectives import non_saturating
from gan_jax.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """DCGAN on few images, with differentiable augmentation."""

    dataset: str = "digits"
    resolution: int = 8
    examples: int | None = 200
    steps: int = 4000
    sample_every: int = 1000
    checkpoint_every: int = 2000

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
        augmentation=diff_augment(brightness, saturation, contrast, translation, cutout),
        ema=config.ema,
    )
