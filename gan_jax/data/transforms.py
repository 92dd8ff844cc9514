"""Transforms of images on the device: conversion from and to uint8, random flips and crops, and mixup."""

import jax
import jax.numpy as jnp
import numpy as np

Array = jax.Array | np.ndarray


def to_float(images: Array) -> jax.Array:
    """uint8 in [0, 255] to float32 in [-1, 1], any shape: x / 127.5 - 1.

    >>> from gan_jax.data.transforms import to_float
    >>> to_float(np.array([0, 255], np.uint8)).tolist()
    [-1.0, 1.0]
    """
    return jnp.asarray(images, jnp.float32) / 127.5 - 1


def normalize(examples: Array) -> Array:
    """Converts uint8 images by `to_float`. Points, which are float32, are returned as they are."""
    return to_float(examples) if examples.dtype == jnp.uint8 else examples


def normalize_batch(batch: dict) -> dict:
    """Applies `normalize` to the images of a batch, and to its targets if it has any. Labels stay as they are."""
    return {name: normalize(x) if name in ("image", "target") else x for name, x in batch.items()}


def to_uint8(images: Array) -> np.ndarray:
    """Float in [-1, 1] to uint8 on the host, any shape, rounded to the nearest and clipped. Inverts `to_float`.

    >>> from gan_jax.data.transforms import to_uint8
    >>> to_uint8(np.array([-1.0, 0.0, 1.7])).tolist()
    [0, 128, 255]
    """
    values = (np.asarray(images, np.float32) + 1) * 127.5
    return np.rint(values).clip(0, 255).astype(np.uint8)


def random_flip(images: jax.Array, keys: jax.Array) -> jax.Array:
    """Mirrors each image left to right with probability 1/2.

    Args:
      images: (N, H, W, C).
      keys: (N,) PRNG keys. With one per example, the draw does not depend on how a batch is sharded over devices.
    """
    flip = jax.vmap(jax.random.bernoulli)(keys)
    return jnp.where(flip[:, None, None, None], images[:, :, ::-1], images)


# Isola et al. enlarge 256 pixels to 286.
_JITTER = 286 / 256


def random_jitter(images: jax.Array, keys: jax.Array) -> jax.Array:
    """Enlarges each image by 286/256 (bicubic) and takes a random crop of the original size.

    The enlarged size is rounded to whole pixels, and is at least 1 pixel more than the original.

    Source: Isola et al. (arXiv 1611.07004), section 6.2, and Zhu et al. (arXiv 1703.10593), both for 256 pixels.

    Args:
      images: (N, H, W, C) in [-1, 1].
      keys: (N,) PRNG keys, one per example. The same keys give the same crops of other images of this size.
    """
    count, height, width, channels = images.shape
    high, wide = (max(side + 1, round(side * _JITTER)) for side in (height, width))
    enlarged = jax.image.resize(images, (count, high, wide, channels), "bicubic").clip(-1, 1)

    def crop(image: jax.Array, key: jax.Array) -> jax.Array:
        corner = jax.random.randint(key, (2,), 0, jnp.array([high - height + 1, wide - width + 1]))
        return jax.lax.dynamic_slice(image, (corner[0], corner[1], 0), (height, width, channels))

    return jax.vmap(crop)(enlarged, keys)


def random_crop(images: jax.Array, keys: jax.Array, padding: int) -> jax.Array:
    """Pads each image by `padding` pixels, which repeat its edges, and takes a random crop of the original size.

    Args:
      images: (N, H, W, C).
      keys: (N,) PRNG keys, one per example.
      padding: at least 0. An image is shifted by up to so many pixels in each direction.
    """
    height, width, channels = images.shape[1:]
    around = (padding, padding)
    padded = jnp.pad(images, ((0, 0), around, around, (0, 0)), mode="edge")

    def crop(image: jax.Array, key: jax.Array) -> jax.Array:
        corner = jax.random.randint(key, (2,), 0, 2 * padding + 1)
        return jax.lax.dynamic_slice(image, (corner[0], corner[1], 0), (height, width, channels))

    return jax.vmap(crop)(padded, keys)


def mixup(images: jax.Array, targets: jax.Array, keys: jax.Array, alpha: float) -> tuple[jax.Array, jax.Array]:
    """Mixes each example with the next one of the batch: l x_i + (1 - l) x_(i + 1), with l from Beta(alpha, alpha).

    Source: Zhang et al. 2018, "mixup" (arXiv 1710.09412), section 2. A batch is in random order.

    Args:
      images: (N, ...).
      targets: probabilities of classes (N, K), which are mixed in the same shares.
      keys: (N,) PRNG keys, one per example.
      alpha: above 0. The smaller it is, the nearer are the mixed examples to one of the two.
    """
    shares = jax.vmap(lambda key: jax.random.beta(key, alpha, alpha))(keys)

    def mixed(x: jax.Array) -> jax.Array:
        share = shares.reshape(-1, *[1] * (x.ndim - 1))
        return share * x + (1 - share) * jnp.roll(x, -1, axis=0)

    return mixed(images), mixed(targets)
