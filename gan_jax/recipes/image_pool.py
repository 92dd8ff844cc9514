"""A pool of earlier generated images for a discriminator (Shrivastava et al., arXiv 1612.07828).

The discriminator sees earlier generated images as well as new ones, so that it does not forget them (section 2.3). As
in CycleGAN's code, the pool is updated with one image after another (Zhu et al., arXiv 1703.10593, section 4).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from gan_jax.common.parallel import gather_over_devices, local_shard


class ImagePool(NamedTuple):
    """A pool of images.

    images: (size, H, W, C). Only the first `count` are filled.
    count: the number of images in the pool, int32.
    """

    images: jax.Array
    count: jax.Array


def empty(size: int, shape: tuple[int, ...]) -> ImagePool:
    """Returns an empty pool for up to `size` images of this shape."""
    return ImagePool(jnp.zeros((size, *shape)), jnp.zeros((), jnp.int32))


def draw(keys: jax.Array, size: int) -> tuple[jax.Array, jax.Array]:
    """Draws the random arguments of `show`, for each image from its own key: swap, bool (N,), and place, int32 (N,)."""

    def one(key):
        swap_key, place_key = jax.random.split(key)
        return jax.random.bernoulli(swap_key), jax.random.randint(place_key, (), 0, size)

    return jax.vmap(one)(keys)


def show(pool: ImagePool, images: jax.Array, swap: jax.Array, place: jax.Array) -> tuple[jax.Array, ImagePool]:
    """Replaces some of the images (N, H, W, C) by images from the pool. Returns the shown images and the updated pool.

    The images are processed in order. Until the pool is full, an image is stored and shown. After that, if `swap` is
    true, it replaces the image at `place` in the pool, and the old image is shown. Otherwise it is only shown.
    """
    size = len(pool.images)

    def one(pool: ImagePool, item):
        image, swap, place = item
        full = pool.count == size
        place = jnp.where(full, place, pool.count)
        old = pool.images[place]
        kept = jnp.where(swap | ~full, image, old)
        shown = jnp.where(swap & full, old, image)
        return ImagePool(pool.images.at[place].set(kept), pool.count + ~full), shown

    pool, shown = jax.lax.scan(one, pool, (images, swap, place))
    return shown, pool


def show_over_devices(pool: ImagePool, images: jax.Array, keys: jax.Array) -> tuple[jax.Array, ImagePool]:
    """Applies `show` to the batch of all devices. `images` and `keys` (n,) are this device's share of it.

    Every device has the same pool before and after, and returns its share of the shown images.
    """
    images, (swap, place) = gather_over_devices((images, draw(keys, len(pool.images))))
    shown, pool = show(pool, images, swap, place)
    return local_shard(shown), pool
