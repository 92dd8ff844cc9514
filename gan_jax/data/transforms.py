"""What happens to images on the device, and on the way there and back."""

import jax
import jax.numpy as jnp
import numpy as np


def to_float(images) -> jax.Array:
    """uint8 in [0, 255] -> float32 in [-1, 1], any shape: x / 127.5 - 1."""
    return jnp.asarray(images, jnp.float32) / 127.5 - 1


def as_games_see(examples) -> jax.Array:
    """uint8 images as `to_float` makes them; points, which are float32, as they are."""
    return to_float(examples) if examples.dtype == jnp.uint8 else examples


def to_uint8(images) -> np.ndarray:
    """Float in [-1, 1] -> uint8 on the host, any shape: rounded to the nearest, clipped. Inverts `to_float` exactly."""
    values = (np.asarray(images, np.float32) + 1) * 127.5
    return np.rint(values).clip(0, 255).astype(np.uint8)


def random_flip(images: jax.Array, keys: jax.Array) -> jax.Array:
    """Mirrors each image left to right with probability 1/2.

    Args:
      images: (N, H, W, C).
      keys: (N,) PRNG keys, one per example, so that the draw does not depend on how a batch is spread over devices.
    """
    flip = jax.vmap(jax.random.bernoulli)(keys)
    return jnp.where(flip[:, None, None, None], images[:, :, ::-1], images)
