"""Upsampling and downsampling of images by a factor of 2, alone or fused with a convolution.

Nearest neighbours and pooling are linear. So together with a convolution they are one convolution with stride 2 and a
larger kernel, which is a sum of shifts of the original kernel. The function is exactly the same, but it needs no large
intermediate image, and for a 3x3 kernel only 16/36 of the multiplications.
"""

from functools import reduce

import jax
import jax.numpy as jnp

from gan_jax.networks.ops.convolution import conv, conv_transpose


def upsample(x: jax.Array) -> jax.Array:
    """Upsamples images (N, H, W, C) to (N, 2H, 2W, C) by nearest neighbour."""
    count, height, width, channels = x.shape
    x = jnp.broadcast_to(x[:, :, None, :, None], (count, height, 2, width, 2, channels))
    return x.reshape(count, 2 * height, 2 * width, channels)


def downsample(x: jax.Array) -> jax.Array:
    """Downsamples images (N, 2H, 2W, C) to (N, H, W, C) by 2x2 average pooling."""
    _, height, width, _ = x.shape
    return pooled(x, (height // 2, width // 2))


def pooled(x: jax.Array, sides: tuple[int, int]) -> jax.Array:
    """The mean of images (N, k h, l w, C) over blocks of k l pixels: (N, h, w, C) for `sides` (h, w)."""
    count, height, width, channels = x.shape
    high, wide = sides
    return jnp.mean(x.reshape(count, high, height // high, wide, width // wide, channels), (2, 4))


def upsample_conv(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Returns conv(upsample(x), kernel) for a kernel (k, k, C, F) of odd size, with padding that keeps the sides."""
    transposed = _filtered(kernel, 1, 1)[::-1, ::-1].swapaxes(2, 3)
    return conv_transpose(x, transposed, stride=2, padding=kernel.shape[0] // 2)


def conv_downsample(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Returns downsample(conv(x, kernel)) for a kernel (k, k, C, F) of odd size, with padding that keeps the sides."""
    return conv(x, _filtered(kernel, 1, 1) / 4, stride=2, padding=kernel.shape[0] // 2)


def upsample_bilinear(x: jax.Array) -> jax.Array:
    """Upsamples images (N, H, W, C) to (N, 2H, 2W, C) linearly along both axes. The border is repeated outwards."""
    for axis in (1, 2):
        size = x.shape[axis]
        x = _between(x, jnp.concatenate([x[_at(axis, 0, 1)], x, x[_at(axis, size - 1, size)]], axis), axis)
    return x


def upsample_smooth(x: jax.Array) -> jax.Array:
    """The same, with zeros outside: the filter 1, 3, 3, 1 of StyleGAN2 and R3GAN, whose sum is 4."""
    for axis in (1, 2):
        x = _between(x, _within(x, axis, 1, 1), axis)
    return x


def downsample_smooth(x: jax.Array) -> jax.Array:
    """Downsamples images (N, 2H, 2W, C) to (N, H, W, C) with the filter 1, 3, 3, 1 along both axes, zeros outside."""
    for axis in (1, 2):
        half = x.shape[axis] // 2
        pairs = x.reshape(*x.shape[:axis], half, 2, *x.shape[axis + 1 :])
        even, odd = (pairs[(*_at(axis, 0, half), i)] for i in range(2))
        before, after = _within(odd, axis, 1, 1)[_at(axis, 0, half)], _within(even, axis, 1, 1)[_at(axis, 2, half + 2)]
        x = (3 * (even + odd) + before + after) / 8
    return x


def smooth_upsample_conv(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """A transposed convolution of stride 2 with a kernel (3, 3, C, F), then the filter 1, 3, 3, 1 along both axes.

    It maps (N, H, W, C) to (N, 2H, 2W, F), and is one transposed convolution with a kernel of 6x6. StyleGAN2 has it in
    the place of an upsampling and a convolution (Karras et al. 2020, arXiv 1912.04958, in the authors' code).
    """
    filtered = _filtered(kernel, 1, 3, 3, 1) / 16
    return conv_transpose(x, filtered.swapaxes(2, 3), stride=2, padding=2)


def smooth_conv_downsample(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """The filter 1, 3, 3, 1 along both axes, then a convolution of stride 2 with a kernel (3, 3, C, F).

    It maps (N, 2H, 2W, C) to (N, H, W, F), and is one convolution with a kernel of 6x6.
    """
    return conv(x, _filtered(kernel, 1, 3, 3, 1) / 64, stride=2, padding=2)


def _filtered(kernel: jax.Array, *taps: int) -> jax.Array:
    """A kernel (k, l, C, F), convolved with these n + 1 taps along both axes: (k + n, l + n, C, F)."""
    more = len(taps) - 1
    for axis in (0, 1):
        kernel = reduce(jnp.add, [tap * _within(kernel, axis, i, more - i) for i, tap in enumerate(taps)])
    return kernel


def _within(x: jax.Array, axis: int, before: int, after: int) -> jax.Array:
    """`x` with zeros before and after it along an axis."""
    return jnp.pad(x, [(before, after) if i == axis else (0, 0) for i in range(x.ndim)])


def _between(x: jax.Array, padded: jax.Array, axis: int) -> jax.Array:
    """Twice as many values along an axis: three quarters of each, and one of what is before or after it."""
    size = x.shape[axis]
    before, after = padded[_at(axis, 0, size)], padded[_at(axis, 2, size + 2)]
    pairs = jnp.stack([0.75 * x + 0.25 * before, 0.75 * x + 0.25 * after], axis + 1)
    return pairs.reshape(*x.shape[:axis], 2 * size, *x.shape[axis + 1 :])


def blur_pool(x: jax.Array) -> jax.Array:
    """Downsamples images (N, H, W, C) to (N, ceil(H / 2), ceil(W / 2), C) after a blur by 1, 2, 1 along both axes.

    The border is reflected. Source: Zhang 2019, "Making convolutional networks shift-invariant again" (arXiv
    1904.11486), with the filter of three taps.
    """
    for axis in (1, 2):
        size = x.shape[axis]
        padded = jnp.concatenate([x[_at(axis, 1, 2)], x, x[_at(axis, size - 2, size - 1)]], axis)
        left, middle, right = (padded[_at(axis, i, size + i, 2)] for i in range(3))
        x = (left + 2 * middle + right) / 4
    return x


def _at(axis: int, start: int, stop: int, step: int = 1) -> tuple[slice, ...]:
    """The index of a part of an axis."""
    return (*(slice(None),) * axis, slice(start, stop, step))
