"""Three-dimensional shapes: 3D-GAN (Wu et al. 2016, arXiv 1610.07584) on drawn furniture, 32x32x32 voxels.

Other volumes: --dataset voxels:PATH. `gan-jax sample RUN --out shapes/` writes meshes that any viewer opens.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo, Resolution
from gan_jax.game import Game, constant_then_linear
from gan_jax.networks import gan3d
from gan_jax.networks.latents import normal
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """3D-GAN: DCGAN's networks with one more side. The discriminator learns slower, as in the paper."""

    dataset: str = "shapes"
    resolution: Resolution = 32
    batch_size: int = 32
    steps: int = 3000
    sample_every: int = 500
    checkpoint_every: int = 500

    learning_rate: float = 1e-3
    """Learning rate of the generator's optimizer. Both are constant for half the run, then fall linearly to zero."""

    discriminator_learning_rate: float = 1e-4
    """Learning rate of the discriminator's optimizer."""

    width: int = 16
    """Features of the layers next to the volumes. Each halving of the sides doubles them."""

    latent_size: int = 64
    """Size of a latent vector."""

    ema: float = 0.995
    """Decay of the moving average of the generator's weights. Samples are drawn from the average."""


def build(config: Config, data: DataInfo) -> Game:
    def adam(rate: float) -> optax.GradientTransformation:
        return optax.adam(constant_then_linear(rate, config.steps), b1=0.5)

    return gan(
        gan3d.Generator(data.volume_side, config.width),
        gan3d.Discriminator(config.width),
        non_saturating,
        generator_optimizer=adam(config.learning_rate),
        discriminator_optimizer=adam(config.discriminator_learning_rate),
        latent=normal(config.latent_size),
        ema=config.ema,
    )
