"""The autoencoding networks of BEGAN (Berthelot, Schumm and Metz 2017, arXiv 1703.10717, section 3.5).

Each block has two 3x3 convolutions with ELU. In the encoder, a convolution of stride 2 follows each block, and the
number of features grows linearly: width, 2 width, 3 width, ... In the decoder, all blocks have `width` features and
nearest-neighbour upsampling follows them. Linear dense layers lead to the code and from it. The output is linear, as in
the paper, so it may leave [-1, 1] a little. The paper's optional skip connections are left out.

The smallest feature map is 8x8, as in the paper. For images whose smaller side is not a power of two, the smaller side
of the map is 8 to 15: images of 48x48 come from maps of 12x12, and those of 64x96 from 8x12. Images below 16 are halved
once as well, so those of 8x8 come from maps of 4x4.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.data import Resolution
from gan_jax.networks.image_sizes import Scales, scales, size_of
from gan_jax.networks.layers import Conv
from gan_jax.networks.ops import cast


def feature_maps(resolution: Resolution) -> Scales:
    """Returns the size of the smallest feature map, and how often its sides double up to those of the images.

    Raises ValueError for sides below 8, or that cannot be halved as often. The sides must be multiples of 2 if the
    smaller one is below 32, of 4 if it is below 64, of 8 if it is below 128, and so on.
    """
    return scales("BEGAN's networks", resolution, lambda smaller: max(1, smaller.bit_length() - 4))


class Decoder(nn.Module):
    """Maps codes or latents (N, size) to images (N, height, width, channels). It is also the generator.

    `resolution` is the side of square images, or (height, width). Raises ValueError as `feature_maps` does.
    """

    resolution: Resolution
    channels: int
    width: int = 64

    @nn.compact
    def __call__(self, codes: jax.Array, train: bool) -> jax.Array:
        del train
        height, width, doublings = feature_maps(self.resolution)
        x = _dense(codes, height * width * self.width).reshape(-1, height, width, self.width)
        x = _block(x)
        for _ in range(doublings):
            x = _block(_upsampled(x))
        return Conv(self.channels, 3, padding=1)(x)


class Encoder(nn.Module):
    """Maps images (N, H, W, C) in [-1, 1] to codes (N, code_size). Raises ValueError as `feature_maps` does."""

    code_size: int
    width: int = 64

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> jax.Array:
        del train
        halvings = feature_maps(size_of(images)).doublings
        x = _block(nn.elu(Conv(self.width, 3, padding=1)(images)))
        for i in range(halvings):
            x = _block(nn.elu(Conv((2 + i) * self.width, 3, stride=2, padding=1)(x)))
        return _dense(x.reshape(len(x), -1), self.code_size)


class Autoencoder(nn.Module):
    """Maps images (N, H, W, C) in [-1, 1] to reconstructions of the same shape, through codes (N, code_size).

    Raises ValueError as `feature_maps` does.
    """

    code_size: int
    width: int = 64

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> jax.Array:
        codes = Encoder(self.code_size, self.width)(images, train)
        self.sow("intermediates", "features", codes)
        return Decoder(size_of(images), images.shape[3], self.width)(codes, train)


def _block(x: jax.Array) -> jax.Array:
    for _ in range(2):
        x = nn.elu(Conv(x.shape[-1], 3, padding=1)(x))
    return x


def _upsampled(x: jax.Array) -> jax.Array:
    return jnp.repeat(jnp.repeat(x, 2, 1), 2, 2)


def _dense(x: jax.Array, features: int) -> jax.Array:
    (x,) = cast(x)
    return nn.Dense(features, dtype=x.dtype)(x)
