"""Drawn street fronts: pairs of a label map and a picture, exact in both directions and without a download."""

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.data.cache import cached
from gan_jax.data.dataset import Dataset, Resolution, Scenes, Split, height_and_width
from gan_jax.data.sources.houses import NAMES, PALETTE, draw

TRAIN_COUNT, TEST_COUNT = 1600, 200

# Increase this when the drawings change.
_VERSION = 1
_LEAST, _MOST = 16, 256


def scenes(resolution: Resolution) -> Dataset:
    """1,600 training pairs and 200 held-out pairs. The image is a label map in colours, and the target is its picture.

    Raises UsageError for a resolution below 16 or above 256 pixels, and for a rectangle.
    """
    side, width = height_and_width(resolution)
    if side != width:
        raise UsageError(f"scenes are drawn as squares, not at {side}x{width}: give one number as the resolution")
    if not _LEAST <= side <= _MOST:
        raise UsageError(f"scenes are drawn at resolutions from {_LEAST} to {_MOST}, not {side}")
    identity = (_VERSION, TRAIN_COUNT, TEST_COUNT, side)
    arrays = cached(f"scenes-{side}", identity, lambda: _all(side))
    train, test = (
        Split(arrays["labels"][part], None, arrays["pictures"][part])
        for part in (slice(TRAIN_COUNT), slice(TRAIN_COUNT, None))
    )
    return Dataset("scenes", train, test, (), Scenes(PALETTE, NAMES))


def _all(resolution: int) -> dict[str, np.ndarray]:
    drawn = [draw(number, resolution) for number in range(TRAIN_COUNT + TEST_COUNT)]
    labels, pictures = zip(*drawn, strict=True)
    return {"labels": np.stack(labels), "pictures": np.stack(pictures)}
