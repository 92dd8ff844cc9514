"""Lowerings of the convolution of images x (N, H, W, C) with a kernel (k, l, C, F). All compute the same function.

Each lowering has three functions, the derivatives of <conv(x, kernel), y>: `conv` itself, its transpose in x and its
transpose in the kernel. `convolution.choose` selects among them.
"""

from collections.abc import Callable
from functools import reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

Array = jax.Array


class Lowering(NamedTuple):
    """The three functions. They take the stride and the zero padding of the convolution.

    conv: (x, kernel, stride, padding) -> y (N, h, w, F).
    image: (y, kernel, stride, padding, sides) -> x (N, H, W, C), where `sides` is (H, W).
    kernel: (x, y, stride, padding, size) -> kernel (k, l, C, F), where `size` is (k, l).
    """

    conv: Callable[[Array, Array, int, int], Array]
    image: Callable[[Array, Array, int, int, tuple[int, int]], Array]
    kernel: Callable[[Array, Array, int, int, tuple[int, int]], Array]


def derive_lowering(conv: Callable[[Array, Array, int, int], Array]) -> Lowering:
    """Returns the lowering with this `conv`, whose other two functions are transposes that JAX derives."""

    def image(y, kernel, stride, padding, sides):
        x = jax.ShapeDtypeStruct((y.shape[0], *sides, kernel.shape[2]), y.dtype)
        return jax.linear_transpose(lambda x: conv(x, kernel, stride, padding), x)(y)[0]

    def kernel(x, y, stride, padding, size):
        k = jax.ShapeDtypeStruct((*size, x.shape[3], y.shape[3]), x.dtype)
        return jax.linear_transpose(lambda k: conv(x, k, stride, padding), k)(y)[0]

    return Lowering(conv, image, kernel)


def _native(x, kernel, stride, padding):
    layout = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, kernel, (stride, stride), [(padding, padding)] * 2, dimension_numbers=layout)


def _dense(x, kernel, stride, padding):
    del stride, padding
    kernel = kernel.reshape(-1, kernel.shape[3])
    return (x.reshape(-1, len(kernel)) @ kernel)[:, None, None]


def _patches(x, kernel, stride, padding):
    high, wide, _, features = kernel.shape
    x = jnp.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    rows, columns = ((side - size) // stride + 1 for side, size in zip(x.shape[1:3], (high, wide), strict=True))
    taps = [
        x[:, i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride]
        for i in range(high)
        for j in range(wide)
    ]
    return jnp.concatenate(taps, -1) @ kernel.reshape(-1, features)


def _fold_stride(conv: Callable[[Array, Array, int, int], Array]) -> Callable[[Array, Array, int, int], Array]:
    """Returns a convolution that calls `conv` without stride and padding, and rearranges the arrays instead.

    In the images and the kernel, each block of `stride` by `stride` pixels becomes the channels of one pixel.
    """

    def folded(x, kernel, stride, padding):
        *sizes, channels, features = kernel.shape
        reaches = [-(-size // stride) for size in sizes]
        edges = [(0, 0, 0)]
        for side, size, reach in zip(x.shape[1:3], sizes, reaches, strict=True):
            steps = (side + 2 * padding - size) // stride
            edges.append((padding, (steps + reach) * stride - side - padding, 0))
        x = lax.pad(x, jnp.zeros((), x.dtype), [*edges, (0, 0, 0)])
        count, height, width, _ = x.shape
        x = x.reshape(count, height // stride, stride, width // stride, stride, channels)
        x = x.transpose(0, 1, 3, 2, 4, 5).reshape(count, height // stride, width // stride, stride**2 * channels)
        beyond = [(0, reach * stride - size) for size, reach in zip(sizes, reaches, strict=True)]
        kernel = jnp.pad(kernel, (*beyond, (0, 0), (0, 0)))
        rows, columns = reaches
        kernel = kernel.reshape(rows, stride, columns, stride, channels, features).transpose(0, 2, 1, 3, 4, 5)
        return conv(x, kernel.reshape(rows, columns, stride**2 * channels, features), 1, 0)

    return folded


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
    rows, columns = (-(-side // stride) for side in sides)

    def phase(i, j):
        taps = kernel[(i + padding) % stride :: stride, (j + padding) % stride :: stride][::-1, ::-1]
        pads = []
        for offset, count, size, reach in zip((i, j), (rows, columns), y.shape[1:3], taps.shape[:2], strict=True):
            before = reach - 1 - (offset + padding) // stride
            pads.append((before, count + reach - 1 - size - before))
        return lax.conv_general_dilated(y, taps, (1, 1), pads, dimension_numbers=("NHWC", "HWOI", "NHWC"))

    x = jnp.stack([jnp.stack([phase(i, j) for j in range(stride)], 3) for i in range(stride)], 2)
    x = x.reshape(y.shape[0], rows * stride, columns * stride, kernel.shape[2])
    return x[:, : sides[0], : sides[1]]


# XLA's convolution, but the transpose is split into phases, since XLA is slow with a dilated input. It is for kernels
# that are not smaller than the stride.
phases = native._replace(image=_phases_image)
