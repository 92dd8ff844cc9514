"""DiffAugment (Zhao et al. 2020, arXiv 2006.10738): every image that the discriminator sees is augmented.

    gan(..., augmentation=diff_augment(brightness, saturation, contrast, translation, cutout))

A `Transform` maps images (N, H, W, C) in [-1, 1] and keys (N,) to images, with separate random draws for each. This
module has the transforms of section 4.2, and the deterministic functions that they apply to a single image. As in the
authors' code they work on the range [-1, 1]. Pixels that are shifted in or cut out are 0, which is mid-gray. Colours
may leave the range.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from gan_jax.augmentation.base import Augmentation

Transform = Callable[[jax.Array, jax.Array], jax.Array]


def diff_augment(*transforms: Transform) -> Augmentation:
    """Applies the transforms one after another, each with its own keys.

    Raises ValueError if there is no transform.

    >>> both = augmentation.diff_augment(augmentation.translation, augmentation.cutout)
    >>> images, keys = jnp.ones((4, 8, 8, 3)), jax.random.split(jax.random.key(0), 4)
    >>> both.apply(images, keys, both.init(), 0).shape
    (4, 8, 8, 3)
    """
    if not transforms:
        raise ValueError("DiffAugment needs at least one transform")

    def apply(images, keys, memory, step):
        for i, transform in enumerate(transforms):
            images = transform(images, jax.vmap(lambda key, i=i: jax.random.fold_in(key, i))(keys))
        return images

    return Augmentation(init=lambda: (), apply=apply)


def brightness(images: jax.Array, keys: jax.Array) -> jax.Array:
    """Adds a number from U(-0.5, 0.5) to each image.

    >>> keys = jax.random.split(jax.random.key(0), 4)
    >>> changed = augmentation.brightness(jnp.zeros((4, 8, 8, 3)), keys)
    >>> bool(jnp.all(changed == changed[:, :1, :1, :1])), len(set(changed[:, 0, 0, 0].tolist()))
    (True, 4)
    """
    return jax.vmap(lambda image, key: image + jax.random.uniform(key, minval=-0.5, maxval=0.5))(images, keys)


def saturation(images: jax.Array, keys: jax.Array) -> jax.Array:
    """Scales the saturation by a factor from U(0, 2). Images of one channel do not change.

    >>> gray, keys = 0.5 * jnp.ones((4, 8, 8, 3)), jax.random.split(jax.random.key(0), 4)
    >>> bool(jnp.allclose(augmentation.saturation(gray, keys), gray))
    True
    """
    return jax.vmap(lambda image, key: saturate(image, jax.random.uniform(key, maxval=2.0)))(images, keys)


def contrast(images: jax.Array, keys: jax.Array) -> jax.Array:
    """Scales the contrast by a factor from U(0.5, 1.5).

    >>> images, keys = jnp.tile(jnp.array([-0.5, 0.5]), (4, 8, 4))[..., None], jax.random.split(jax.random.key(0), 4)
    >>> changed = augmentation.contrast(images, keys)
    >>> bool(jnp.all((jnp.abs(changed) >= 0.25) & (jnp.abs(changed) <= 0.75)))
    True
    """
    return jax.vmap(lambda image, key: scale_contrast(image, 0.5 + jax.random.uniform(key)))(images, keys)


def translation(images: jax.Array, keys: jax.Array, ratio: float = 1 / 8) -> jax.Array:
    """Shifts by whole pixels, uniform up to `ratio` of the side in each direction, and pads with zeros.

    >>> keys = jax.random.split(jax.random.key(0), 4)
    >>> shifted = augmentation.translation(jnp.ones((4, 8, 8, 1)), keys)  # by up to 1 pixel
    >>> bool(jnp.all(shifted[:, 1:-1, 1:-1] == 1))
    True
    """
    limit = jnp.array([_fraction_of(side, ratio) for side in images.shape[1:3]])
    return jax.vmap(lambda image, key: translate(image, *jax.random.randint(key, (2,), -limit, limit + 1)))(
        images, keys
    )


def cutout(images: jax.Array, keys: jax.Array, ratio: float = 1 / 2) -> jax.Array:
    """Zeroes a rectangle of `ratio` times the sides. Its centre is uniform over the image, so part may lie outside.

    >>> keys = jax.random.split(jax.random.key(0), 4)
    >>> images = augmentation.cutout(jnp.ones((4, 8, 8, 1)), keys)
    >>> int(jnp.max(jnp.sum(images == 0, (1, 2, 3)))) <= 4 * 4
    True
    """
    height, width = images.shape[1:3]
    size = _fraction_of(height, ratio), _fraction_of(width, ratio)
    # The centre of an even size lies between two pixels, before the first pixel or after the last one.
    ends = jnp.array([height + 1 - size[0] % 2, width + 1 - size[1] % 2])
    return jax.vmap(lambda image, key: cut(image, *jax.random.randint(key, (2,), 0, ends), size=size))(images, keys)


def saturate(image: jax.Array, factor: float | jax.Array) -> jax.Array:
    """Multiplies the distance of each pixel of an image (H, W, C) from its mean over channels by `factor`."""
    return _scaled(image, factor, jnp.mean(image, axis=-1, keepdims=True))


def scale_contrast(image: jax.Array, factor: float | jax.Array) -> jax.Array:
    """Multiplies the distance of each value of an image (H, W, C) from the image's mean by `factor`."""
    return _scaled(image, factor, jnp.mean(image))


def translate(image: jax.Array, dy: int | jax.Array, dx: int | jax.Array) -> jax.Array:
    """Shifts an image (H, W, C) by whole pixels, down by dy and to the right by dx, and pads with zeros."""
    y, x = _pixel_coordinates(image)
    height, width, _ = image.shape
    inside = (y >= dy) & (y < height + dy) & (x >= dx) & (x < width + dx)
    return jnp.where(inside, jnp.roll(image, jnp.array([dy, dx]), (0, 1)), 0)


def cut(image: jax.Array, y: int | jax.Array, x: int | jax.Array, size: tuple[int, int]) -> jax.Array:
    """Zeroes the rectangle of `size` (height, width) with centre pixel (y, x) in an image (H, W, C).

    For an even size, (y, x) is the pixel below and to the right of the centre.
    """
    rows, columns = _pixel_coordinates(image)
    top, left = y - size[0] // 2, x - size[1] // 2
    inside = (rows >= top) & (rows < top + size[0]) & (columns >= left) & (columns < left + size[1])
    return jnp.where(inside, 0, image)


def _fraction_of(side: int, ratio: float) -> int:
    return int(side * ratio + 0.5)


def _scaled(image: jax.Array, factor: float | jax.Array, about: jax.Array) -> jax.Array:
    return about + factor * (image - about)


def _pixel_coordinates(image: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Returns the row and the column of every pixel, (H, 1, 1) and (1, W, 1)."""
    height, width, _ = image.shape
    return jnp.arange(height)[:, None, None], jnp.arange(width)[None, :, None]
