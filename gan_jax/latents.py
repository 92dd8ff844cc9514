"""Distributions of the generator's latents.

Each is a function from a PRNG key to the latents of one example, an array (size,).
"""

from collections.abc import Callable

import jax

Latent = Callable[[jax.Array], jax.Array]


def normal(size: int) -> Latent:
    """Standard normal."""
    return lambda key: jax.random.normal(key, (size,))


def uniform(size: int) -> Latent:
    """Uniform in [-1, 1), as in the GAN of 2014 (arXiv 1406.2661) and DCGAN (arXiv 1511.06434, section 4)."""
    return lambda key: jax.random.uniform(key, (size,), minval=-1)
