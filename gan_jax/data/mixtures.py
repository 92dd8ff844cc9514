"""Mixtures of Gaussians in the plane, whose modes one can count."""

import jax
import jax.numpy as jnp


def ring_of_gaussians(
    key: jax.Array, count: int, *, modes: int = 8, radius: float = 2.0, deviation: float = 0.02
) -> jax.Array:
    """Points (count, 2) of Gaussians whose means lie evenly on a circle, as in arXiv 1611.02163, section 3.1."""
    mode_key, noise_key = jax.random.split(key)
    angles = jax.random.randint(mode_key, (count,), 0, modes) * (2 * jnp.pi / modes)
    means = radius * jnp.stack([jnp.cos(angles), jnp.sin(angles)], -1)
    return means + deviation * jax.random.normal(noise_key, (count, 2))
