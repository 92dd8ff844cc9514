"""One picture of many samples, whatever they are: a grid of images, or a scatter plot of points."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gan_jax.data.dataset import DataInfo
from gan_jax.figures import grid
from gan_jax.scatter import paths, scatter


def enough(info: DataInfo) -> int:
    """How many samples make a good picture."""
    return 64 if len(info.example_shape) == 3 else 2000


def portrait(samples: np.ndarray, real: Any, columns: int | None = None) -> np.ndarray:
    """Samples as a picture uint8 (H, W, 1 or 3).

    samples: images uint8 (N, H, W, C), or points (N, 2).
    real: what the samples are to be like: points (M, 2) are drawn behind samples that are points.
    columns: of a grid of images, which is as square as it can be unless told otherwise.
    """
    return grid(samples, columns) if samples.ndim == 4 else scatter(samples, real)


def columns_portrait(columns: Sequence[np.ndarray]) -> np.ndarray:
    """Side by side: each of `columns` is uint8 (N, H, W, 1 or 3), and row i of the picture has the i-th of each."""
    channels = max(images.shape[-1] for images in columns)
    same = [np.broadcast_to(images, (*images.shape[:3], channels)) for images in columns]
    return grid(np.stack(same, 1).reshape(-1, *same[0].shape[1:]), len(columns))


def walks_portrait(samples: np.ndarray, columns: int, real: Any) -> np.ndarray:
    """The same of walks of `columns` samples each: a row of images, or a line through points."""
    return grid(samples, columns) if samples.ndim == 4 else paths(samples.reshape(-1, columns, 2), real)
