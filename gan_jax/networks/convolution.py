"""Convolution and its linear transpose, on NHWC images, lowered to what the backend runs fast.

Two lowerings of the same function:

* *native*: XLA's convolution. A transposed convolution is written as what it is, the linear transpose of a convolution,
  with the convolution's own weight gradient. (`lax.conv_transpose` differentiates into a convolution that XLA's CPU
  backend runs more than ten times slower: jax-ml/jax issues 23783 and 31662.)
* *patches*: patches of the image times the kernel as a matrix, for small images on CPU, where a matrix product is
  faster than XLA's convolution.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

# Where the patches lowering was the faster one on CPU, by the size of the convolution's larger side: in small feature
# maps, and in small images of few channels.
_PATCHES_UP_TO_PIXELS = 4 * 4
_PATCHES_UP_TO_NUMBERS = 8 * 8 * 4

_LAYOUT = ("NHWC", "HWIO", "NHWC")


def _native(x, kernel, stride, padding):
    return lax.conv_general_dilated(x, kernel, (stride, stride), [(padding, padding)] * 2, dimension_numbers=_LAYOUT)


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


def _lowering(image_shape):
    _, height, width, channels = image_shape
    small = height * width <= _PATCHES_UP_TO_PIXELS or height * width * channels <= _PATCHES_UP_TO_NUMBERS
    return _patches if small and jax.default_backend() == "cpu" else _native


def conv(x: jax.Array, kernel: jax.Array, stride: int = 1, padding: int = 0) -> jax.Array:
    """Convolution of images x (N, H, W, C) with a kernel (k, k, C, F), zero-padded by `padding` on every side.

    Returns (N, (H + 2 padding - k) // stride + 1, ..., F).
    """
    return _lowering(x.shape)(x, kernel, stride, padding)


def conv_transpose(y: jax.Array, kernel: jax.Array, stride: int = 1, padding: int = 0) -> jax.Array:
    """The linear transpose of `conv`: from y (N, h, w, F) to images (N, (h - 1) stride + k - 2 padding, ..., C).

    `kernel` (k, k, C, F) is that of the convolution it transposes: its last axis is the *input* of this function.
    (Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", arXiv 1603.07285, section 4.)
    """
    k, _, channels, _ = kernel.shape
    sides = [(size - 1) * stride + k - 2 * padding for size in y.shape[1:3]]
    image_shape = (y.shape[0], *sides, channels)
    if _lowering(image_shape) is _patches:
        return _transpose(partial(_patches, kernel=kernel, stride=stride, padding=padding), image_shape, y)
    return _native_transpose(y, kernel, stride, padding, image_shape)


def _transpose(linear, image_shape, y):
    return jax.linear_transpose(linear, jax.ShapeDtypeStruct(image_shape, y.dtype))(y)[0]


@partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def _native_transpose(y, kernel, stride, padding, image_shape):
    return _transpose(lambda x: _native(x, kernel, stride, padding), image_shape, y)


def _native_transpose_forward(y, kernel, stride, padding, image_shape):
    return _native_transpose(y, kernel, stride, padding, image_shape), (y, kernel)


def _native_transpose_backward(stride, padding, image_shape, residuals, g):
    # <g, conv_transpose(y, kernel)> = <conv(g, kernel), y>, whose gradients are those of a convolution of g.
    y, kernel = residuals
    convolved, pull_back = jax.vjp(lambda kernel: _native(g, kernel, stride, padding), kernel)
    return convolved, pull_back(y)[0]


_native_transpose.defvjp(_native_transpose_forward, _native_transpose_backward)
