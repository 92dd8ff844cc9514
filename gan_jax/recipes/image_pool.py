"""A pool of generated images, from which a discriminator sees old ones too (Shrivastava et al., arXiv 1612.07828).

The discriminator is shown images that were made a while ago beside new ones, which keeps it from forgetting the old
ones (section 2.3). The images come and go one after the other, as in CycleGAN's code (Zhu et al., arXiv 1703.10593,
section 4).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from gan_jax.common.parallel import gather_over_devices, own_share


class ImagePool(NamedTuple):
    """images: (size, H, W, C), of which the first `count` have been filled. count: int32."""

    images: jax.Array
    count: jax.Array


def empty(size: int, shape: tuple[int, ...]) -> ImagePool:
    """A pool of up to `size` images of this shape, with none so far."""
    return ImagePool(jnp.zeros((size, *shape)), jnp.zeros((), jnp.int32))


def draw(keys: jax.Array, size: int) -> tuple[jax.Array, jax.Array]:
    """What `show` decides by, for each image from its own key: whether to swap, bool (N,), and which, int32 (N,)."""

    def one(key):
        swap_key, place_key = jax.random.split(key)
        return jax.random.bernoulli(swap_key), jax.random.randint(place_key, (), 0, size)

    return jax.vmap(one)(keys)


def show(pool: ImagePool, images: jax.Array, swap: jax.Array, place: jax.Array) -> tuple[jax.Array, ImagePool]:
    """What is shown instead of images (N, H, W, C), and the pool afterwards.

    Each image in turn: before the pool is full, the image is stored and shown. Then, where `swap` says so, it takes
    the place of the image at `place`, which is shown instead; otherwise it is shown and not stored.
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
    """`show` for the batch of all devices, of which `images` and `keys` (n,) are this device's share.

    Every device has the same pool, before and after, and is shown its share.
    """
    images, (swap, place) = gather_over_devices((images, draw(keys, len(pool.images))))
    shown, pool = show(pool, images, swap, place)
    return own_share(shown), pool
