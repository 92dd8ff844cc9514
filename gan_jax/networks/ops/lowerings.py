"""Ways to compute a convolution, each the same function of images x (N, H, W, C) and a kernel (k, k, C, F).

Every one is three functions, the three derivatives of <conv(x, kernel), y>: `conv` itself, its transpose in x and its
transpose in the kernel. See `convolution` for which is used where.
"""

from collections.abc import Callable
from functools import reduce
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

Array = jax.Array


class Lowering(NamedTuple):
    """The three functions, with the convolution's stride and zero padding.

    conv: (x, kernel, stride, padding) -> y (N, h, w, F).
    image: (y, kernel, stride, padding, sides) -> x of the sides (H, W).
    kernel: (x, y, stride, padding, size) -> kernel (size, size, C, F).
    """

    conv: Callable[[Array, Array, int, int], Array]
    image: Callable[[Array, Array, int, int, tuple[int, int]], Array]
    kernel: Callable[[Array, Array, int, int, int], Array]


def by_transposition(conv: Callable[[Array, Array, int, int], Array]) -> Lowering:
    """The lowering of which JAX derives all but `conv`."""

    def image(y, kernel, stride, padding, sides):
        x = jax.ShapeDtypeStruct((len(y), *sides, kernel.shape[2]), y.dtype)
        return jax.linear_transpose(lambda x: conv(x, kernel, stride, padding), x)(y)[0]

    def kernel(x, y, stride, padding, size):
        k = jax.ShapeDtypeStruct((size, size, x.shape[3], y.shape[3]), x.dtype)
        return jax.linear_transpose(lambda k: conv(x, k, stride, padding), k)(y)[0]

    return Lowering(conv, image, kernel)


def _native(x, kernel, stride, padding):
    layout = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, kernel, (stride, stride), [(padding, padding)] * 2, dimension_numbers=layout)


def _dense(x, kernel, stride, padding):
    del stride, padding
    kernel = kernel.reshape(-1, kernel.shape[3])
    return (x.reshape(len(x), len(kernel)) @ kernel)[:, None, None]


def _patches(x, kernel, stride, padding):
    k, _, _, features = kernel.shape
    x = jnp.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    rows, columns = ((size - k) // stride + 1 for size in x.shape[1:3])
    taps = [
        x[:, i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride]
        for i in range(k)
        for j in range(k)
    ]
    return jnp.concatenate(taps, -1) @ kernel.reshape(-1, features)


def _folding(conv: Callable[[Array, Array, int, int], Array]) -> Callable[[Array, Array, int, int], Array]:
    """A convolution by `conv`, which is given neither stride nor padding: they are made part of the arrays.

    The `stride` by `stride` pixels that a step goes over become channels of one pixel, in images and kernel.
    """

    def folded(x, kernel, stride, padding):
        size, _, channels, features = kernel.shape
        reach = -(-size // stride)
        edges = [(0, 0, 0)]
        for side in x.shape[1:3]:
            steps = (side + 2 * padding - size) // stride
            edges.append((padding, (steps + reach) * stride - side - padding, 0))
        x = lax.pad(x, jnp.zeros((), x.dtype), [*edges, (0, 0, 0)])
        count, height, width, _ = x.shape
        x = x.reshape(count, height // stride, stride, width // stride, stride, channels)
        x = x.transpose(0, 1, 3, 2, 4, 5).reshape(count, height // stride, width // stride, stride**2 * channels)
        beyond = (0, reach * stride - size)
        kernel = jnp.pad(kernel, (beyond, beyond, (0, 0), (0, 0)))
        kernel = kernel.reshape(reach, stride, reach, stride, channels, features).transpose(0, 2, 1, 3, 4, 5)
        return conv(x, kernel.reshape(reach, reach, stride**2 * channels, features), 1, 0)

    return folded


def _blocks(x, kernel, stride, padding):
    # A kernel that reaches a pixel further makes the features of 2x2 pixels, as if they were of one, in steps of two.
    del stride
    size, *_, features = kernel.shape
    places = [jnp.pad(kernel, ((i, 1 - i), (j, 1 - j), (0, 0), (0, 0))) for i in range(2) for j in range(2)]
    height, width = (side + 2 * padding - size + 1 for side in x.shape[1:3])
    x = jnp.pad(x, ((0, 0), (padding, padding + height % 2), (padding, padding + width % 2), (0, 0)))
    y = _folding(_native)(x, jnp.concatenate(places, -1), 2, 0)
    count, rows, columns, _ = y.shape
    y = y.reshape(count, rows, columns, 2, 2, features).transpose(0, 1, 3, 2, 4, 5)
    return y.reshape(count, 2 * rows, 2 * columns, features)[:, :height, :width]


# XLA's convolution.
native = by_transposition(_native)

# One product of matrices, where the kernel covers the whole image.
dense = by_transposition(_dense)

# Patches of the image, side by side, times the kernel as a matrix.
patches = by_transposition(_patches)

# Stride and padding folded into the arrays. XLA's gradient of the kernel is several times faster without them where
# there are few images.
folded = by_transposition(_folding(_native))
folded_patches = by_transposition(_folding(_patches))

# Four times the features, at a quarter of the places: for convolutions without stride from or to very few channels, of
# which XLA's products of matrices make poor use.
blocks = by_transposition(_blocks)


def _taps_image(y, kernel, stride, padding, sides):
    # What every weight of the kernel makes of y, with holes and at its place, one upon the other. The kernel stands on
    # the left of the product, and the images last in what comes of it: the other way round, which is what JAX derives
    # for patches, XLA first copies a transposed kernel, and that takes longer than the product where y is small.
    size, _, channels, features = kernel.shape
    made = kernel.reshape(-1, features) @ y.reshape(-1, features).T
    made = made.reshape(size, size, channels, *y.shape[:3])

    def placed(i, j):
        edges = [(0, 0, 0), (0, 0, 0)]
        for tap, count, side in zip((i, j), y.shape[1:3], sides, strict=True):
            before = tap - padding
            edges.append((before, side - before - stride * (count - 1) - 1, stride - 1))
        return lax.pad(made[i, j], jnp.zeros((), made.dtype), edges)

    image = reduce(jnp.add, (placed(i, j) for i in range(size) for j in range(size)))
    return image.transpose(1, 2, 3, 0)


# The same as patches, but for images, which are the sum of what every tap of the kernel makes of y.
taps = patches._replace(image=_taps_image)


def _phases_image(y, kernel, stride, padding, sides):
    # The pixels of the image whose places leave the same remainders by the stride are a convolution of y without
    # stride, by every stride-th row and column of the kernel (Shi et al., arXiv 1609.07009).
    rows, columns = (-(-side // stride) for side in sides)

    def phase(i, j):
        taps = kernel[(i + padding) % stride :: stride, (j + padding) % stride :: stride][::-1, ::-1]
        pads = []
        for place, count, size, reach in zip((i, j), (rows, columns), y.shape[1:3], taps.shape[:2], strict=True):
            before = reach - 1 - (place + padding) // stride
            pads.append((before, count + reach - 1 - size - before))
        return lax.conv_general_dilated(y, taps, (1, 1), pads, dimension_numbers=("NHWC", "HWOI", "NHWC"))

    x = jnp.stack([jnp.stack([phase(i, j) for j in range(stride)], 3) for i in range(stride)], 2)
    x = x.reshape(len(y), rows * stride, columns * stride, kernel.shape[2])
    return x[:, : sides[0], : sides[1]]


# XLA's convolution, which it runs poorly with holes in its input (a transposed stride): so without. For kernels not
# smaller than the stride.
phases = native._replace(image=_phases_image)
