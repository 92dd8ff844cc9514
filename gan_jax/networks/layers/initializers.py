"""How DCGAN's networks and those of translation start (arXiv 1511.06434, section 4; arXiv 1611.07004, appendix 6.2)."""

import flax.linen as nn
import jax
import jax.numpy as jnp

# Of kernels: normal with mean 0 and deviation 0.02.
weights = nn.initializers.normal(0.02)


def scales(key: jax.Array, shape: tuple[int, ...], dtype=jnp.float32) -> jax.Array:
    """Of normalization: normal with mean 1 and deviation 0.02."""
    return 1 + 0.02 * jax.random.normal(key, shape, dtype)
