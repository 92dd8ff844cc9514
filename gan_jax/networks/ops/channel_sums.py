"""A vector (C,) at every place of images, and its transpose, the sum over all places: what normalization is made of.

On CPU both are products with a vector of ones where there are many numbers: XLA's matrix product sums a long axis
several times faster than its reduction.
"""

import math
from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp

# From so many numbers on, sums are products.
_MANY = 2**17

# From so many numbers on, so is what is put at every place: written to memory once, for nothing but that the sum in its
# gradient is a product too. Sooner where there are few channels, over which XLA's loops do not vectorize well.
_LARGE = 2**20
_FEW_CHANNELS = 64

# Up to such examples, what is made of each alone stays in the processor's cache.
_SMALL = 2**17


def _on_cpu() -> bool:
    return jax.default_backend() == "cpu"


def along(vector: jax.Array, x: jax.Array) -> jax.Array:
    """A vector (C,), or one for every example (N, C), at every place of x (N, ..., C)."""
    if vector.ndim == 2:
        return jax.lax.broadcast_in_dim(vector, x.shape, (0, x.ndim - 1))
    if x.size >= (_MANY if len(vector) <= _FEW_CHANNELS else _LARGE) and _on_cpu():
        ones = jnp.ones((x.size // x.shape[-1], 1), x.dtype)
        return (ones @ vector[None]).reshape(x.shape)
    return jax.lax.broadcast_in_dim(vector, x.shape, (x.ndim - 1,))


def mean(x: jax.Array) -> jax.Array:
    """The mean of x (..., C) over all but the last axis."""
    if x.size >= _MANY and _on_cpu():
        rows = x.reshape(-1, x.shape[-1])
        return (jnp.full((1, len(rows)), 1 / len(rows), x.dtype) @ rows)[0]
    return jnp.mean(x, tuple(range(x.ndim - 1)))


def standardized(x: jax.Array, epsilon: float) -> jax.Array:
    """Each channel of each example of x (N, ..., C), shifted and scaled to the mean 0 and the variance 1.

    epsilon: is added to the variance.
    """
    small = x.size <= _SMALL * max(len(x), 1) and _on_cpu()
    return _standardized(x, epsilon) if small else centred_and_scaled(x, epsilon, _mean_of_each)[0]


def centred_and_scaled(
    x: jax.Array, epsilon: float, mean: Callable[[jax.Array], jax.Array]
) -> tuple[jax.Array, jax.Array]:
    """x shifted and scaled to the `mean` 0 and the variance 1, and the scale. (`mean` keeps the axes it averages.)"""
    x = x - mean(x)
    scale = jax.lax.rsqrt(mean(x * x) + epsilon)
    return x * scale, scale


def _mean_of_each(x):
    return jnp.mean(x, tuple(range(1, x.ndim - 1)), keepdims=True)


# By products too, also in the gradient: it is written out, since JAX transposes step by step, broadcasts into slow
# reductions and products with a vector into others as large as the images.


def _mean_by_product(x):
    count, *sides, channels = x.shape
    places = math.prod(sides)
    weights = jnp.full((count, 1, places), 1 / places, x.dtype)
    return (weights @ x.reshape(count, places, channels)).reshape(count, *[1] * len(sides), channels)


def _spread_by_product(vectors, shape):
    count, *sides, channels = shape
    ones = jnp.ones((count, math.prod(sides), 1), vectors.dtype)
    return (ones @ vectors.reshape(count, 1, channels)).reshape(shape)


@partial(jax.custom_jvp, nondiff_argnums=(1,))
def _standardized(x, epsilon):
    return centred_and_scaled(x, epsilon, _mean_by_product)[0]


@_standardized.defjvp
def _derivative(epsilon, primals, tangents):
    (x,), (change,) = primals, tangents
    y, scale = centred_and_scaled(x, epsilon, _mean_by_product)
    shift = _spread_by_product(_mean_of_each(change), x.shape)
    stretch = _spread_by_product(_mean_of_each(change * y), x.shape)
    return y, scale * (change - shift - y * stretch)
