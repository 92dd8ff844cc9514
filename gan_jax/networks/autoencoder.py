"""The autoencoding networks of BEGAN (Berthelot, Schumm and Metz 2017, arXiv 1703.10717, section 3.5).

Each block has two 3x3 convolutions with ELU. In the encoder, a convolution of stride 2 follows each block, and the
number of features grows linearly: width, 2 width, 3 width, ... In the decoder, all blocks have `width` features and
nearest-neighbour upsampling follows them. Linear dense layers lead to the code and from it. The output is linear, as in
the paper, so it may leave [-1, 1] a little. The paper's optional skip connections are left out.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.layers import Conv
from gan_jax.networks.ops import cast


def base_side(resolution: int) -> int:
    """Returns the side of the smallest feature map: 8 as in the paper, or 4 for 8x8 images.

    Raises ValueError unless the resolution is a power of two from 8 to 128.
    """
    if resolution not in (8, 16, 32, 64, 128):
        raise ValueError(f"BEGAN's networks are built for a resolution of 8, 16, 32, 64 or 128, not {resolution}")
    return min(8, resolution // 2)


class Decoder(nn.Module):
    """Maps codes or latents (N, size) to images (N, resolution, resolution, channels). It is also the generator."""

    resolution: int
    channels: int
    width: int = 64

    @nn.compact
    def __call__(self, codes: jax.Array, train: bool) -> jax.Array:
        del train
        side = base_side(self.resolution)
        x = _dense(codes, side * side * self.width).reshape(-1, side, side, self.width)
        x = _block(x)
        while x.shape[1] < self.resolution:
            x = _block(_upsampled(x))
        return Conv(self.channels, 3, padding=1)(x)


class Encoder(nn.Module):
    """Maps images (N, H, H, C) in [-1, 1] to codes (N, code_size)."""

    code_size: int
    width: int = 64

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> jax.Array:
        del train
        side = base_side(images.shape[1])
        x = _block(nn.elu(Conv(self.width, 3, padding=1)(images)))
        features = self.width
        while x.shape[1] > side:
            features += self.width
            x = _block(nn.elu(Conv(features, 3, stride=2, padding=1)(x)))
        return _dense(x.reshape(len(x), -1), self.code_size)


class Autoencoder(nn.Module):
    """Maps images (N, H, H, C) in [-1, 1] to reconstructions of the same shape, through codes (N, code_size)."""

    code_size: int
    width: int = 64

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> jax.Array:
        codes = Encoder(self.code_size, self.width)(images, train)
        self.sow("intermediates", "features", codes)
        return Decoder(images.shape[1], images.shape[3], self.width)(codes, train)


def _block(x: jax.Array) -> jax.Array:
    for _ in range(2):
        x = nn.elu(Conv(x.shape[-1], 3, padding=1)(x))
    return x


def _upsampled(x: jax.Array) -> jax.Array:
    return jnp.repeat(jnp.repeat(x, 2, 1), 2, 2)


def _dense(x: jax.Array, features: int) -> jax.Array:
    (x,) = cast(x)
    return nn.Dense(features, dtype=x.dtype)(x)
