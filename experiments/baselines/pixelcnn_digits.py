"""PixelCNN (van den Oord et al. 2016, arXiv 1601.06759): digits pixel by pixel, by maximum likelihood.

A baseline that is no GAN. Its likelihood is exact: `bits_per_pixel_held_out` in the metrics, and `log_likelihood` by
`gan-jax evaluate`. Digits have 17 gray values. Other data: --levels 256.
"""

from dataclasses import dataclass

import optax

from gan_jax.data import DataInfo, Resolution
from gan_jax.game import Game
from gan_jax.networks import pixelcnn
from gan_jax.networks.latents import gumbel
from gan_jax.recipes import likelihood
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """An autoregressive model of gray images."""

    dataset: str = "digits"
    resolution: Resolution = 8
    batch_size: int = 64
    steps: int = 2000
    sample_every: int = 500
    checkpoint_every: int = 500

    learning_rate: float = 1e-3
    """Learning rate of Adam."""

    levels: int = 17
    """Number of gray values."""

    width: int = 32
    """Half of the features of a block's input. The paper has 128 for MNIST."""

    blocks: int = 5
    """Residual blocks."""

    ema: float = 0.995
    """Decay of the moving average of the weights, which samples are drawn with."""


def build(config: Config, data: DataInfo) -> Game:
    height, width, channels = data.image_shape
    if channels != 1:
        raise ValueError("PixelCNN is here one of gray images, and the data have colours")
    return likelihood(
        pixelcnn.Generator((height, width), config.levels, config.width, config.blocks),
        optax.adam(config.learning_rate),
        latent=gumbel(height * width, config.levels),
        ema=config.ema,
    )
