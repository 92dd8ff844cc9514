"""Resizing of images as TensorFlow 1 did it, on which published figures depend."""

import jax
import jax.numpy as jnp
import numpy as np


def tensorflow_1_bilinear(images: jax.Array, size: tuple[int, int]) -> jax.Array:
    """Images float32 (N, H, W, C) to (N, height, width, C), as `tf.image.resize_bilinear` of TensorFlow 1.

    Its defaults were align_corners=False and pixels without half-pixel centres: pixel i of the result lies at i times
    H / height. Shrinking skips pixels. Neither is what one would choose today.

    Source: Parmar et al. 2022, "On aliased resizing and surprising subtleties in GAN evaluation" (arXiv 2104.11222).
    """
    _, height, width, _ = images.shape
    low, high, part = _places(height, size[0])
    rows = images[:, low] + (images[:, high] - images[:, low]) * part[:, None, None]
    low, high, part = _places(width, size[1])
    return rows[:, :, low] + (rows[:, :, high] - rows[:, :, low]) * part[:, None]


def _places(count: int, wanted: int) -> tuple[np.ndarray, np.ndarray, jax.Array]:
    """For each of the `wanted` places on a side of `count` pixels: the pixels around it, and how far it is past one."""
    places = np.arange(wanted, dtype=np.float32) * np.float32(count / wanted)
    low = places.astype(np.int32)
    return low, np.minimum(low + 1, count - 1), jnp.asarray(places - low)
