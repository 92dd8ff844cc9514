"""AC-GAN (Odena, Olah and Shlens, arXiv 1610.09585) on 8x8 scans of digits: the discriminator has to tell the class.

The columns of the sample grids are the classes. One of them alone: gan-jax sample RUN --class 7
"""

from dataclasses import dataclass

import optax

from gan_jax.classification import classify_fake, classify_real
from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.games.gan import gan
from gan_jax.latents import normal
from gan_jax.networks import dcgan
from gan_jax.networks.conditioning import ConcatGenerator
from gan_jax.networks.heads import Heads
from gan_jax.objectives import non_saturating
from gan_jax.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """AC-GAN: a generator that is told the class, a discriminator that guesses it beside telling real from fake."""

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
    """Numbers in a latent vector, beside the label."""

    ema: float = 0.998
    """Decay of the average of the generator's weights that samples are drawn from."""

    class_weight: float = 1.0
    """Of the classification's loss, for both players."""


def build(config: Config, data: DataInfo) -> Game:
    resolution, _, channels = data.image_shape
    classes = len(data.classes)
    adam = optax.adam(config.learning_rate, b1=0.5)
    return gan(
        ConcatGenerator(dcgan.Generator(resolution, channels, config.width), classes),
        Heads(dcgan.Discriminator(config.width, outputs=1 + classes), {"classes": classes}),
        non_saturating,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(config.latent_size),
        classes=classes,
        judge_labels=False,
        regularizers=[classify_real(config.class_weight), classify_fake(config.class_weight)],
        generator_regularizers=[classify_fake(config.class_weight)],
        ema=config.ema,
    )
