"""Operations that normalization layers are built from: channel means, channel broadcasts, and standardization.

On CPU, large means and broadcasts are matrix products with a vector of ones. XLA's matrix product sums a long axis
several times faster than its reduction.
"""

import math
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp

# Arrays of at least this size are summed by a matrix product.
_MIN_SUM_BY_PRODUCT = 2**17

# Vectors are broadcast by a matrix product to arrays of at least this size. It writes the result to memory, which is
# only worth it since its gradient is then a sum by a matrix product. Up to _FEW_CHANNELS channels, the limit is that of
# sums, since XLA's loops do not vectorize well over few channels.
_MIN_BROADCAST_BY_PRODUCT = 2**20
_FEW_CHANNELS = 64

# Examples of up to this size stay in the processor's cache.
_MAX_CACHED_EXAMPLE = 2**17


def _on_cpu() -> bool:
    return jax.default_backend() == "cpu"


def _is_known(shape: tuple) -> bool:
    """Whether the shape has no dimension that an exported program leaves open."""
    return all(isinstance(size, int) for size in shape)


def broadcast_channels(vector: jax.Array, x: jax.Array) -> jax.Array:
    """Broadcasts a vector (C,), or one per example (N, C), to the shape of x (N, ..., C)."""
    if vector.ndim == 2:
        return jax.lax.broadcast_in_dim(vector, x.shape, (0, x.ndim - 1))
    limit = _MIN_SUM_BY_PRODUCT if len(vector) <= _FEW_CHANNELS else _MIN_BROADCAST_BY_PRODUCT
    if _is_known(x.shape) and x.size >= limit and _on_cpu():
        ones = jnp.ones((x.size // x.shape[-1], 1), x.dtype)
        return (ones @ vector[None]).reshape(x.shape)
    return jax.lax.broadcast_in_dim(vector, x.shape, (x.ndim - 1,))


def channel_mean(x: jax.Array) -> jax.Array:
    """Returns the mean (C,) of each channel of x (..., C)."""
    if _is_known(x.shape) and x.size >= _MIN_SUM_BY_PRODUCT and _on_cpu():
        rows = x.reshape(-1, x.shape[-1])
        return (jnp.full((1, len(rows)), 1 / len(rows), x.dtype) @ rows)[0]
    return jnp.mean(x, tuple(range(x.ndim - 1)))


def standardize(x: jax.Array, epsilon: float) -> jax.Array:
    """Shifts and scales each channel of each example of x (N, ..., C) to mean 0 and variance 1.

    epsilon: a number that is added to the variance.
    """
    example = x.shape[1:]
    small = _is_known(example) and math.prod(example) <= _MAX_CACHED_EXAMPLE and _on_cpu()
    return _standardize_by_product(x, epsilon) if small else standardize_by_mean(x, epsilon, _example_mean)[0]


def standardize_by_mean(
    x: jax.Array, epsilon: float, mean: Callable[[jax.Array], jax.Array]
) -> tuple[jax.Array, jax.Array]:
    """Shifts and scales x to mean 0 and variance 1, as measured by the function `mean`, which keeps the averaged axes.

    Returns the result and the scale, which is 1 / sqrt(variance + epsilon).
    """
    x = x - mean(x)
    scale = jax.lax.rsqrt(mean(x * x) + epsilon)
    return x * scale, scale


def _example_mean(x):
    return jnp.mean(x, tuple(range(1, x.ndim - 1)), keepdims=True)


# Standardization by matrix products. Its derivative is written out by hand to use matrix products as well. JAX would
# transpose it step by step, broadcasts into slow reductions, and products with a vector into products as large as x.


def _mean_by_product(x):
    count, *sides, channels = x.shape
    pixels = math.prod(sides)
    weights = jnp.full((count, 1, pixels), 1 / pixels, x.dtype)
    return (weights @ x.reshape(count, pixels, channels)).reshape(count, *[1] * len(sides), channels)


def _broadcast_by_product(vectors, shape):
    count, *sides, channels = shape
    ones = jnp.ones((count, math.prod(sides), 1), vectors.dtype)
    return (ones @ vectors.reshape(count, 1, channels)).reshape(shape)


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def _standardize_by_product(x, epsilon):
    return standardize_by_mean(x, epsilon, _mean_by_product)[0]


@_standardize_by_product.defjvp
def _standardize_jvp(epsilon, primals, tangents):
    (x,), (change,) = primals, tangents
    y, scale = standardize_by_mean(x, epsilon, _mean_by_product)
    shift = _broadcast_by_product(_example_mean(change), x.shape)
    stretch = _broadcast_by_product(_example_mean(change * y), x.shape)
    return y, scale * (change - shift - y * stretch)
