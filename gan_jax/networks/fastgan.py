"""The generator of FastGAN (Liu et al. 2021, arXiv 2101.04775), in the form that Projected GAN has it in.

(Sauer et al. 2021, "Projected GANs converge faster", arXiv 2111.01007, and its authors' code.) Maps of 16 times the
side are scaled by what a small map says of their features: skip-layer excitation. All kernels are spectrally
normalized.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.data import Resolution
from gan_jax.networks.image_sizes import Scales, scales_from_four
from gan_jax.networks.layers import (
    BatchNorm,
    Conv,
    ConvTranspose,
    PixelNoise,
    SpectralNorm,
    UpConv,
    Weights,
    pixel_norm,
)
from gan_jax.networks.ops import pooled

# Features of maps by how often their sides have doubled, as multiples of the width: 4x4, 8x8, 16x16, ...
_MULTIPLES = (16, 8, 4, 2, 2, 1, 0.5, 0.25, 0.125)
# A map is scaled by the one that is so many doublings smaller, if this is one of the first three.
_SKIP = 4
_SKIPS_FROM = 3


def feature_maps(resolution: Resolution) -> Scales:
    """The size of the smallest feature map, and how often its sides double up to those of the images.

    Raises ValueError for sides below 8, or that cannot be halved down to 4 to 7.
    """
    return scales_from_four("FastGAN", resolution)


class Generator(nn.Module):
    """Maps latents (N, latent_size) to images (N, height, width, channels), without bounds.

    `width` is the number of features of maps of 128x128. Smaller maps have more, up to 16 `width` at 4x4. Images below
    64x64 have no skip-layer excitation.

    Raises ValueError as `feature_maps` does, and for images of more than 1024x1024.
    """

    resolution: Resolution
    channels: int
    width: int = 128

    @nn.compact
    def __call__(self, latents: jax.Array, train: bool) -> jax.Array:
        height, wide, doublings = feature_maps(self.resolution)
        if doublings >= len(_MULTIPLES):
            raise ValueError("FastGAN makes images of up to 1024x1024")
        weights = partial(SpectralNorm, train)
        features = [int(self.width * multiple) for multiple in _MULTIPLES]
        z = pixel_norm(latents)[:, None, None, :]
        x = ConvTranspose(2 * features[0], (height, wide), use_bias=False, weights=weights)(z)
        x = gated(BatchNorm(train)(x))
        maps = [x]
        for number in range(1, doublings + 1):
            x = _Up(features[number], train)(x)
            if number >= _SKIP and number - _SKIP < _SKIPS_FROM:
                x = Excitation((height, wide), weights)(maps[number - _SKIP], x)
            maps.append(x)
        return Conv(self.channels, 3, padding=1, weights=weights)(x)


def gated(x: jax.Array) -> jax.Array:
    """Half of the features, times the sigmoid of the other half (GLU)."""
    value, gate = jnp.split(x, 2, -1)
    return value * jax.nn.sigmoid(gate)


class _Up(nn.Module):
    """Twice the sides, by two convolutions with noise, batch normalization and gates."""

    features: int
    train: bool

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        weights = partial(SpectralNorm, self.train)
        for layer in (UpConv, partial(Conv, padding=1)):
            x = layer(2 * self.features, kernel_size=3, use_bias=False, weights=weights)(x)
            x = gated(BatchNorm(self.train)(PixelNoise(self.train)(x)))
        return x


class Excitation(nn.Module):
    """Skip-layer excitation: scales the features of a map by what another one says, averaged down to `sides`."""

    sides: tuple[int, int]
    weights: Weights

    @nn.compact
    def __call__(self, other: jax.Array, scaled: jax.Array) -> jax.Array:
        features = scaled.shape[-1]
        x = Conv(features, self.sides, use_bias=False, weights=self.weights)(pooled(other, self.sides))
        return scaled * jax.nn.sigmoid(Conv(features, 1, use_bias=False, weights=self.weights)(nn.silu(x)))
