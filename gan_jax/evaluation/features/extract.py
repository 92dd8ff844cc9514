"""Features of many images, in batches that are spread over the local devices."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.data import Images
from gan_jax.data.batching import pick
from gan_jax.evaluation.features.base import Features, Seen

# Called with the number of images that were seen since the last call.
Progress = Callable[[int], None]


def extract(features: Features, images: Images, progress: Progress | None = None) -> Seen:
    """What `features` see in images uint8 (N, H, W, C), N at least 1, as float32 arrays on the host.

    Raises UsageError for arrays that are no images, see `check_images`.
    """
    batches = [jax.tree.map(np.asarray, seen) for seen in extract_batches(features, images, progress)]
    return jax.tree.map(lambda *parts: np.concatenate(parts), *batches)


def extract_batches(features: Features, images: Images, progress: Progress | None = None) -> Iterator[Seen]:
    """Yields what `features` see in images uint8 (N, H, W, C), batch by batch, as arrays (n, ...) on a device.

    A batch has `features.batch_size` images for each local device, and the last one has what remains. With several
    devices it is spread over them by pmap.
    """
    check_images(images)
    devices = jax.local_devices()
    # Few images are one small batch on one device, of one of few sizes: each is compiled once.
    size = min(features.batch_size, 1 << (len(images) - 1).bit_length())
    spread = len(devices) if len(images) > size else 1
    for start in range(0, len(images), spread * size):
        rows = np.arange(start, min(start + spread * size, len(images)))
        # A smaller batch is padded with repeated images: with one shape for all, the program is compiled once.
        batch = pick(images, np.resize(rows, spread * size))
        if spread == 1:
            seen = _see(features.see, features.params, batch)
        else:
            seen = _mapped(features.see)(features.params, batch.reshape(spread, size, *batch.shape[1:]))
            seen = jax.tree.map(lambda x: jnp.asarray(x).reshape(spread * size, *x.shape[2:]), seen)
        yield Seen(*(None if x is None else x[: len(rows)] for x in seen))
        if progress:
            progress(len(rows))


def check_images(images: Any) -> None:
    """Raises UsageError unless `images` are uint8 (N, H, W, C), N at least 1, with 1 or 3 channels."""
    shape, dtype = tuple(images.shape), getattr(images, "dtype", np.dtype(np.uint8))
    if dtype != np.uint8:
        nan = np.issubdtype(dtype, np.floating) and not np.isfinite(images).all()
        advice = (
            "they hold values that are not finite"
            if nan
            else "convert floats in [-1, 1] by gan_jax.data.transforms.to_uint8"
        )
        raise UsageError(f"images are uint8 in [0, 255], not {dtype}: {advice}")
    if len(shape) != 4 or shape[3] not in (1, 3) or not all(shape):
        raise UsageError(f"images have the shape (N, H, W, 1) or (N, H, W, 3), not {shape}")


@partial(jax.jit, static_argnums=0)
def _see(see: Callable[[Any, Any], Seen], params: Any, images: Any) -> Seen:
    return see(params, images)


@cache
def _mapped(see: Callable[[Any, Any], Seen]) -> Callable[[Any, Any], Seen]:
    return jax.pmap(see, in_axes=(None, 0), devices=jax.local_devices())
