"""Ways to compute a convolution, each the same function of images x (N, H, W, C) and a kernel (k, k, C, F).

Every one is three functions, the three derivatives of <conv(x, kernel), y>: `conv` itself, its transpose in x and its
transpose in the kernel. See `convolution` for which is used where.
"""

from collections.abc import Callable
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


# XLA's convolution.
native = by_transposition(_native)

# One product of matrices, where the kernel covers the whole image.
dense = by_transposition(_dense)

# Patches of the image, side by side, times the kernel as a matrix.
patches = by_transposition(_patches)


def _phases_image(y, kernel, stride, padding, sides):
    # The pixels of the image whose places leave the same remainders by the stride are a convolution of y without
    # stride, by every stride-th row and column of the kernel (Shi et al., arXiv 1609.07009).
    channels, r = kernel.shape[2], kernel.shape[0] // stride
    rows, columns = (-(-side // stride) for side in sides)

    def phase(i, j):
        taps = kernel[(i + padding) % stride :: stride, (j + padding) % stride :: stride][::-1, ::-1]
        pads = []
        for place, count, size in ((i, rows, y.shape[1]), (j, columns, y.shape[2])):
            before = r - 1 - (place + padding) // stride
            pads.append((before, count + r - 1 - size - before))
        return lax.conv_general_dilated(y, taps, (1, 1), pads, dimension_numbers=("NHWC", "HWOI", "NHWC"))

    x = jnp.stack([jnp.stack([phase(i, j) for j in range(stride)], 3) for i in range(stride)], 2)
    x = x.reshape(len(y), rows * stride, columns * stride, channels)
    return x[:, : sides[0], : sides[1]]


# XLA's convolution, which it runs poorly with holes in its input (a transposed stride): so without. For kernels whose
# size is a multiple of the stride.
phases = native._replace(image=_phases_image)
