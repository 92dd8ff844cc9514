"""The networks of 3D-GAN (Wu et al. 2016, arXiv 1610.07584), for volumes of 8x8x8 voxels and more.

They are DCGAN's with one more side (section 3.2 and figure 2): kernels of 4x4x4 and strides of 2, batch normalization,
ReLU in the generator and LeakyReLU with slope 0.2 in the discriminator. The paper's 64x64x64 come from maps of 4x4x4
by four strides, and so 32x32x32 by three. The output is a tanh in the place of the paper's sigmoid, since all examples
lie in [-1, 1] here; it is the same function of other units.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.image_sizes import SMALLEST
from gan_jax.networks.layers import BatchNorm, Conv, ConvTranspose, Normalization, batch_norm, initializers, leaky_relu


def feature_maps(side: int) -> tuple[int, int]:
    """Returns the side of the smallest feature map, from 4 to 7, and how often it doubles up to `side`.

    Raises ValueError for a side below 8, or that the strides do not divide.
    """
    doublings = max(1, side.bit_length() - 3)
    if side < SMALLEST or side % 2**doublings:
        raise ValueError(
            f"3D-GAN cannot be built for volumes of {side}x{side}x{side}: from {SMALLEST} on, their side must be a "
            f"multiple of {2**doublings} at this size"
        )
    return side >> doublings, doublings


class Generator(nn.Module):
    """Maps latents (N, latent_size) to volumes (N, side, side, side, 1) in (-1, 1).

    `width` is the number of features before the output layer. It doubles each time the sides halve.

    Raises ValueError as `feature_maps` does.
    """

    side: int
    width: int = 64

    @nn.compact
    def __call__(self, latents: jax.Array, train: bool) -> jax.Array:
        smallest, doublings = feature_maps(self.side)
        layer = partial(ConvTranspose, use_bias=False, kernel_init=initializers.weights)
        norm = partial(BatchNorm, train=train, scale_init=initializers.scales)

        x = latents[:, None, None, None, :]
        x = nn.relu(norm()(layer(self.width * 2 ** (doublings - 1), kernel_size=smallest)(x)))
        for i in reversed(range(doublings - 1)):
            x = nn.relu(norm()(layer(self.width * 2**i, kernel_size=4, stride=2, padding=1)(x)))
        return jnp.tanh(layer(1, kernel_size=4, stride=2, padding=1, use_bias=True)(x))


class Discriminator(nn.Module):
    """Maps volumes (N, side, side, side, 1) in [-1, 1] to logits (N,) of being real.

    `width` is the number of features after the input layer. It doubles each time the sides halve. With several
    `outputs` the result is (N, outputs). `normalization` is batch normalization by default, as in the paper; that of
    features skips the input and output layers.

    Raises ValueError as `feature_maps` does.
    """

    width: int = 64
    outputs: int = 1
    normalization: Normalization = batch_norm

    @nn.compact
    def __call__(self, volumes: jax.Array, train: bool) -> jax.Array:
        smallest, halvings = feature_maps(volumes.shape[1])
        norm, kernels = self.normalization.features, self.normalization.weights
        layer = partial(Conv, kernel_init=initializers.weights, weights=kernels and partial(kernels, train))

        x = leaky_relu(layer(self.width, kernel_size=4, stride=2, padding=1)(volumes))
        for i in range(1, halvings):
            bias = self.normalization.conv_bias
            x = layer(self.width * 2**i, kernel_size=4, stride=2, padding=1, use_bias=bias)(x)
            x = leaky_relu(norm(train, initializers.scales)(x) if norm else x)
        self.sow("intermediates", "features", x)
        y = layer(self.outputs, kernel_size=smallest)(x)[:, 0, 0, 0]
        return y[:, 0] if self.outputs == 1 else y
