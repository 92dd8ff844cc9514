"""Doubling and halving the sides of images, alone and as one with the convolution beside it.

Both are linear, so that with a convolution they are a convolution with a larger kernel, which is a sum of the smaller
one's shifts, and a stride of 2: exactly the same function, without the large image in between and, for a kernel of 3x3,
in 16/36 of the multiplications.
"""

import jax
import jax.numpy as jnp

from gan_jax.networks.ops.convolution import conv, conv_transpose


def doubled(x: jax.Array) -> jax.Array:
    """Images (N, H, W, C) to (N, 2H, 2W, C), each pixel four times (nearest neighbour)."""
    count, height, width, channels = x.shape
    x = jnp.broadcast_to(x[:, :, None, :, None], (count, height, 2, width, 2, channels))
    return x.reshape(count, 2 * height, 2 * width, channels)


def halved(x: jax.Array) -> jax.Array:
    """Images (N, 2H, 2W, C) to (N, H, W, C), each pixel the mean of four."""
    count, height, width, channels = x.shape
    return jnp.mean(x.reshape(count, height // 2, 2, width // 2, 2, channels), (2, 4))


def conv_of_doubled(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """conv(doubled(x), kernel) for a kernel (k, k, C, F) of odd size, padded so that it keeps the sides."""
    transposed = _summed_shifts(kernel)[::-1, ::-1].swapaxes(2, 3)
    return conv_transpose(x, transposed, stride=2, padding=kernel.shape[0] // 2)


def halved_conv(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """halved(conv(x, kernel)), likewise."""
    return conv(x, _summed_shifts(kernel) / 4, stride=2, padding=kernel.shape[0] // 2)


def _summed_shifts(kernel: jax.Array) -> jax.Array:
    """(k, k, C, F) to (k + 1, k + 1, C, F): the sum of the kernel at its four places there."""
    rows = jnp.pad(kernel, ((0, 1), (0, 0), (0, 0), (0, 0))) + jnp.pad(kernel, ((1, 0), (0, 0), (0, 0), (0, 0)))
    return jnp.pad(rows, ((0, 0), (0, 1), (0, 0), (0, 0))) + jnp.pad(rows, ((0, 0), (1, 0), (0, 0), (0, 0)))
