"""DiffAugment (Zhao et al. 2020, arXiv 2006.10738): every image that the discriminator sees is augmented, always.

    gan(..., augmentation=diff_augment(brightness, saturation, contrast, translation, cutout))

A `Transform` maps images (N, H, W, C) in [-1, 1] and keys (N,) to images, each with its own draw. Those of section 4.2
are here, beside what each of them does to one image once it has drawn. As in the authors' code they work on [-1, 1]:
what is shifted in or cut out is 0, mid-gray, and colours may leave the range.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from gan_jax.augmentation.base import Augmentation

Transform = Callable[[jax.Array, jax.Array], jax.Array]


def diff_augment(*transforms: Transform) -> Augmentation:
    """The transforms one after the other, each with its own keys.

    Raises ValueError for no transforms.
    """
    if not transforms:
        raise ValueError("DiffAugment needs at least one transform")

    def apply(images, keys, memory, step):
        for i, transform in enumerate(transforms):
            images = transform(images, jax.vmap(lambda key, i=i: jax.random.fold_in(key, i))(keys))
        return images

    return Augmentation(init=lambda: (), apply=apply)


def brightness(images: jax.Array, keys: jax.Array) -> jax.Array:
    """Adds a number from U(-0.5, 0.5)."""
    return jax.vmap(lambda image, key: image + jax.random.uniform(key, minval=-0.5, maxval=0.5))(images, keys)


def saturation(images: jax.Array, keys: jax.Array) -> jax.Array:
    """Saturates by a factor from U(0, 2). Images of one channel stay as they are."""
    return jax.vmap(lambda image, key: saturate(image, jax.random.uniform(key, maxval=2.0)))(images, keys)


def contrast(images: jax.Array, keys: jax.Array) -> jax.Array:
    """Scales the contrast by a factor from U(0.5, 1.5)."""
    return jax.vmap(lambda image, key: scale_contrast(image, 0.5 + jax.random.uniform(key)))(images, keys)


def translation(images: jax.Array, keys: jax.Array, ratio: float = 1 / 8) -> jax.Array:
    """Moves by whole pixels, uniform up to `ratio` of the side each way, and pads with zeros."""
    far = jnp.array([_share(side, ratio) for side in images.shape[1:3]])
    return jax.vmap(lambda image, key: translate(image, *jax.random.randint(key, (2,), -far, far + 1)))(images, keys)


def cutout(images: jax.Array, keys: jax.Array, ratio: float = 1 / 2) -> jax.Array:
    """Zeroes a rectangle of `ratio` of the sides, its centre uniform over the image: part of it may lie outside."""
    height, width = images.shape[1:3]
    size = _share(height, ratio), _share(width, ratio)
    # The centre of an even size is between two pixels, or beside the first or the last.
    ends = jnp.array([height + 1 - size[0] % 2, width + 1 - size[1] % 2])
    return jax.vmap(lambda image, key: cut(image, *jax.random.randint(key, (2,), 0, ends), size=size))(images, keys)


def saturate(image: jax.Array, factor: float | jax.Array) -> jax.Array:
    """(H, W, C): each pixel's distance from its own mean over channels times `factor`."""
    return _scaled(image, factor, jnp.mean(image, axis=-1, keepdims=True))


def scale_contrast(image: jax.Array, factor: float | jax.Array) -> jax.Array:
    """(H, W, C): each value's distance from the image's mean times `factor`."""
    return _scaled(image, factor, jnp.mean(image))


def translate(image: jax.Array, dy: int | jax.Array, dx: int | jax.Array) -> jax.Array:
    """(H, W, C) moved by whole pixels, down by dy and to the right by dx; zeros where it was not."""
    y, x = _pixels(image)
    height, width, _ = image.shape
    inside = (y >= dy) & (y < height + dy) & (x >= dx) & (x < width + dx)
    return jnp.where(inside, jnp.roll(image, jnp.array([dy, dx]), (0, 1)), 0)


def cut(image: jax.Array, y: int | jax.Array, x: int | jax.Array, size: tuple[int, int]) -> jax.Array:
    """(H, W, C) with zeros in the rectangle of `size` (height, width) whose centre pixel is (y, x).

    Of an even size, (y, x) is the pixel below and to the right of the centre.
    """
    rows, columns = _pixels(image)
    top, left = y - size[0] // 2, x - size[1] // 2
    inside = (rows >= top) & (rows < top + size[0]) & (columns >= left) & (columns < left + size[1])
    return jnp.where(inside, 0, image)


def _share(side: int, ratio: float) -> int:
    return int(side * ratio + 0.5)


def _scaled(image: jax.Array, factor: float | jax.Array, about: jax.Array) -> jax.Array:
    return about + factor * (image - about)


def _pixels(image: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The row and the column of every pixel, (H, 1, 1) and (1, W, 1)."""
    height, width, _ = image.shape
    return jnp.arange(height)[:, None, None], jnp.arange(width)[None, :, None]
