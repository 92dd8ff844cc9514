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


def batch_as_games_see(batch: dict) -> dict:
    """`as_games_see` of a batch's images, and of its targets where it has some."""
    return {name: as_games_see(x) if name in ("image", "target") else x for name, x in batch.items()}


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


# Isola et al.: 256 pixels are enlarged to 286.
_JITTER = 286 / 256


def random_jitter(images: jax.Array, keys: jax.Array) -> jax.Array:
    """Enlarges each image by 286/256 (bicubic) and cuts a square of the old size out of it at random.

    Source: Isola et al. (arXiv 1611.07004), section 6.2, and Zhu et al. (arXiv 1703.10593), for 256 pixels; other sizes
    are enlarged to the nearest whole one, but by 1 pixel at least.

    Args:
      images: (N, H, W, C) in [-1, 1].
      keys: (N,) PRNG keys, one per example. The same keys cut the same squares out of other images of this size.
    """
    count, height, width, channels = images.shape
    high, wide = (max(side + 1, round(side * _JITTER)) for side in (height, width))
    enlarged = jax.image.resize(images, (count, high, wide, channels), "bicubic").clip(-1, 1)

    def crop(image: jax.Array, key: jax.Array) -> jax.Array:
        corner = jax.random.randint(key, (2,), 0, jnp.array([high - height + 1, wide - width + 1]))
        return jax.lax.dynamic_slice(image, (corner[0], corner[1], 0), (height, width, channels))

    return jax.vmap(crop)(enlarged, keys)
