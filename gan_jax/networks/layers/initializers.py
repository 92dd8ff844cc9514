"""Initializers of DCGAN (arXiv 1511.06434, section 4) and the translation networks (arXiv 1611.07004, appendix 6.2)."""

import flax.linen as nn
import jax
import jax.numpy as jnp

# Kernels are drawn from a normal distribution with mean 0 and standard deviation 0.02.
weights = nn.initializers.normal(0.02)


def scales(key: jax.Array, shape: tuple[int, ...], dtype=jnp.float32) -> jax.Array:
    """Draws the scales of a normalization layer from a normal distribution with mean 1 and standard deviation 0.02."""
    return 1 + 0.02 * jax.random.normal(key, shape, dtype)
