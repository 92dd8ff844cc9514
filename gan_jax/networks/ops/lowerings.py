"""Lowerings of the convolution of images x (N, H, W, C) with a kernel (k, l, C, F). All compute the same function.

Those that a volume (N, D, H, W, C) and a kernel (j, k, l, C, F) need as well are written for any number of sides.

Each lowering has three functions, the derivatives of <conv(x, kernel), y>: `conv` itself, its transpose in x and its
transpose in the kernel. `convolution.choose` selects among them.
"""

import itertools
from collections.abc import Callable
from functools import reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

Array = jax.Array
Sides = tuple[int, ...]

# The axes of images, kernels and outputs, and of kernels whose convolution is transposed, by their number.
_LAYOUT = {4: ("NHWC", "HWIO", "NHWC"), 5: ("NDHWC", "DHWIO", "NDHWC")}
_TRANSPOSED = {4: ("NHWC", "HWOI", "NHWC"), 5: ("NDHWC", "DHWOI", "NDHWC")}


class Lowering(NamedTuple):
    """The three functions. They take the stride and the zero padding of the convolution.

    conv: (x, kernel, stride, padding) -> y (N, h, w, F).
    image: (y, kernel, stride, padding, sides) -> x (N, H, W, C), where `sides` is (H, W).
    kernel: (x, y, stride, padding, size) -> kernel (k, l, C, F), where `size` is (k, l).
    """

    conv: Callable[[Array, Array, int, int], Array]
    image: Callable[[Array, Array, int, int, Sides], Array]
    kernel: Callable[[Array, Array, int, int, Sides], Array]


def derive_lowering(conv: Callable[[Array, Array, int, int], Array]) -> Lowering:
    """Returns the lowering with this `conv`, whose other two functions are transposes that JAX derives."""

    def image(y, kernel, stride, padding, sides):
        x = jax.ShapeDtypeStruct((y.shape[0], *sides, kernel.shape[-2]), y.dtype)
        return jax.linear_transpose(lambda x: conv(x, kernel, stride, padding), x)(y)[0]

    def kernel(x, y, stride, padding, size):
        k = jax.ShapeDtypeStruct((*size, x.shape[-1], y.shape[-1]), x.dtype)
        return jax.linear_transpose(lambda k: conv(x, k, stride, padding), k)(y)[0]

    return Lowering(conv, image, kernel)


def _native(x, kernel, stride, padding):
    count = x.ndim - 2
    pads = [(padding, padding)] * count
    return lax.conv_general_dilated(x, kernel, (stride,) * count, pads, dimension_numbers=_LAYOUT[x.ndim])


def _dense(x, kernel, stride, padding):
    del stride, padding
    kernel = kernel.reshape(-1, kernel.shape[-1])
    return jnp.expand_dims(x.reshape(-1, len(kernel)) @ kernel, tuple(range(1, x.ndim - 1)))


def _patches(x, kernel, stride, padding):
    *sizes, _, features = kernel.shape
    x = jnp.pad(x, ((0, 0), *[(padding, padding)] * len(sizes), (0, 0)))
    counts = [(side - size) // stride + 1 for side, size in zip(x.shape[1:-1], sizes, strict=True)]
    taps = [
        x[:, *(slice(i, i + stride * (count - 1) + 1, stride) for i, count in zip(tap, counts, strict=True))]
        for tap in itertools.product(*map(range, sizes))
    ]
    return jnp.concatenate(taps, -1) @ kernel.reshape(-1, features)


def _fold_stride(conv: Callable[[Array, Array, int, int], Array]) -> Callable[[Array, Array, int, int], Array]:
    """Returns a convolution that calls `conv` without stride and padding, and rearranges the arrays instead.

    In the images and the kernel, each block of `stride` by `stride` pixels becomes the channels of one pixel.
    """

    def folded(x, kernel, stride, padding):
        sizes = kernel.shape[:-2]
        reaches = [-(-size // stride) for size in sizes]
        edges = [(0, 0, 0)]
        for side, size, reach in zip(x.shape[1:-1], sizes, reaches, strict=True):
            steps = (side + 2 * padding - size) // stride
            edges.append((padding, (steps + reach) * stride - side - padding, 0))
        x = lax.pad(x, jnp.zeros((), x.dtype), [*edges, (0, 0, 0)])
        beyond = [(0, reach * stride - size) for size, reach in zip(sizes, reaches, strict=True)]
        kernel = jnp.pad(kernel, (*beyond, (0, 0), (0, 0)))
        return conv(_fold(x, stride, 1), _fold(kernel, stride, 0), 1, 0)

    return folded


def _fold(x: Array, stride: int, first: int) -> Array:
    """Moves each block of `stride` values along each side into the axis after the sides, which start at axis `first`.

    `first` axes are before the sides, and 2 - `first` after them.
    """
    sides = x.shape[first : x.ndim - 2 + first]
    channels, *after = x.shape[first + len(sides) :]
    split = [part for side in sides for part in (side // stride, stride)]
    x = x.reshape(*x.shape[:first], *split, channels, *after)
    outer = [first + 2 * i for i in range(len(sides))]
    order = [*range(first), *outer, *(axis + 1 for axis in outer), *range(first + 2 * len(sides), x.ndim)]
    folded = channels * stride ** len(sides)
    return x.transpose(order).reshape(*x.shape[:first], *split[::2], folded, *after)


def _blocks(x, kernel, stride, padding):
    # A kernel that is one pixel larger computes the features of 2x2 output pixels at once, with stride 2.
    del stride
    *sizes, _, features = kernel.shape
    shifts = [jnp.pad(kernel, ((i, 1 - i), (j, 1 - j), (0, 0), (0, 0))) for i in range(2) for j in range(2)]
    height, width = (side + 2 * padding - size + 1 for side, size in zip(x.shape[1:3], sizes, strict=True))
    x = jnp.pad(x, ((0, 0), (padding, padding + height % 2), (padding, padding + width % 2), (0, 0)))
    y = _fold_stride(_native)(x, jnp.concatenate(shifts, -1), 2, 0)
    count, rows, columns, _ = y.shape
    y = y.reshape(count, rows, columns, 2, 2, features).transpose(0, 1, 3, 2, 4, 5)
    return y.reshape(count, 2 * rows, 2 * columns, features)[:, :height, :width]


def _slices(x, kernel, stride, padding):
    # One convolution of all slices of a volume with all slices of the kernel, whose results are then shifted and added.
    del stride, padding
    deep, *_, features = kernel.shape
    count, depth = x.shape[:2]
    every = jnp.concatenate(list(kernel), -1)
    y = _native(x.reshape(count * depth, *x.shape[2:]), every, 1, 0)
    y = y.reshape(count, depth, *y.shape[1:])
    after = depth - deep + 1
    return reduce(jnp.add, (y[:, i : i + after, ..., i * features : (i + 1) * features] for i in range(deep)))


# XLA's convolution.
native = derive_lowering(_native)

# One matrix product, for a kernel that covers the whole image.
dense = derive_lowering(_dense)

# A matrix product of the image's patches with the kernel (im2col).
patches = derive_lowering(_patches)

# Stride and padding are folded into the arrays. For few images, XLA's gradient of the kernel is several times faster
# this way.
folded = derive_lowering(_fold_stride(_native))
folded_patches = derive_lowering(_fold_stride(_patches))

# Two-dimensional convolutions, which XLA runs up to three times as fast as those of volumes. The gradient of the kernel
# is not.
slices = derive_lowering(_fold_stride(_slices))._replace(kernel=folded.kernel)

# Four times the features at a quarter of the positions. It is for convolutions of stride 1 with very few input or
# output channels, which XLA's matrix products use poorly.
blocks = derive_lowering(_blocks)


def _taps_image(y, kernel, stride, padding, sides):
    # The image is the sum over the kernel's taps of their products with y, each dilated by the stride and shifted. The
    # kernel is the left factor. In the other order, which JAX derives for patches, XLA first copies a transposed
    # kernel, and for a small y that takes longer than the product.
    high, wide, channels, features = kernel.shape
    products = kernel.reshape(-1, features) @ y.reshape(-1, features).T
    products = products.reshape(high, wide, channels, *y.shape[:3])

    def dilated(i, j):
        edges = [(0, 0, 0), (0, 0, 0)]
        for tap, count, side in zip((i, j), y.shape[1:3], sides, strict=True):
            before = tap - padding
            edges.append((before, side - before - stride * (count - 1) - 1, stride - 1))
        return lax.pad(products[i, j], jnp.zeros((), products.dtype), edges)

    image = reduce(jnp.add, (dilated(i, j) for i in range(high) for j in range(wide)))
    return image.transpose(1, 2, 3, 0)


# Like patches, but the gradient of the images is a sum over the kernel's taps.
taps = patches._replace(image=_taps_image)


def _phases_image(y, kernel, stride, padding, sides):
    # The image splits into phases: pixels whose coordinates have the same remainders modulo the stride. Each phase is a
    # convolution of y of stride 1 with every stride-th row and column of the kernel (Shi et al., arXiv 1609.07009).
    counts = [-(-side // stride) for side in sides]
    backwards = (slice(None, None, -1),) * len(sides)

    def phase(*offsets):
        taps = kernel[*(slice((offset + padding) % stride, None, stride) for offset in offsets)][backwards]
        pads = []
        for offset, count, size, reach in zip(offsets, counts, y.shape[1:-1], taps.shape[:-2], strict=True):
            before = reach - 1 - (offset + padding) // stride
            pads.append((before, count + reach - 1 - size - before))
        ones = (1,) * len(sides)
        return lax.conv_general_dilated(y, taps, ones, pads, dimension_numbers=_TRANSPOSED[y.ndim])

    def stacked(*offsets):
        axis = len(offsets)
        if axis == len(sides):
            return phase(*offsets)
        return jnp.stack([stacked(*offsets, i) for i in range(stride)], axis + 2)

    x = stacked().reshape(y.shape[0], *(count * stride for count in counts), kernel.shape[-2])
    return x[:, *(slice(side) for side in sides)]


# XLA's convolution, but the transpose is split into phases, since XLA is slow with a dilated input. It is for kernels
# that are not smaller than the stride.
phases = native._replace(image=_phases_image)
