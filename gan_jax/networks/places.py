"""A vector (C,) at every place of images, and its transpose, the sum over all places: what normalization is made of.

For large images on CPU both are products with a vector of ones: XLA's matrix product sums a long axis several times
faster than its reduction.
"""

import jax
import jax.numpy as jnp

_LARGE = 2**20


def _by_products(x: jax.Array) -> bool:
    return x.size >= _LARGE and jax.default_backend() == "cpu"


def along(vector: jax.Array, x: jax.Array) -> jax.Array:
    """A vector (C,), or one for every example (N, C), at every place of x (N, ..., C)."""
    if vector.ndim == 2:
        return jax.lax.broadcast_in_dim(vector, x.shape, (0, x.ndim - 1))
    if _by_products(x):
        ones = jnp.ones((x.size // x.shape[-1], 1), x.dtype)
        return (ones @ vector[None]).reshape(x.shape)
    return jax.lax.broadcast_in_dim(vector, x.shape, (x.ndim - 1,))


def mean(x: jax.Array) -> jax.Array:
    """The mean of x (..., C) over all but the last axis."""
    if _by_products(x):
        rows = x.reshape(-1, x.shape[-1])
        return (jnp.full((1, len(rows)), 1 / len(rows), x.dtype) @ rows)[0]
    return jnp.mean(x, tuple(range(x.ndim - 1)))
