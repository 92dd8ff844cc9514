"""One picture of many samples, whatever they are: a grid of images, or a scatter plot of points."""

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


def walks_portrait(samples: np.ndarray, columns: int, real: Any) -> np.ndarray:
    """The same of walks of `columns` samples each: a row of images, or a line through points."""
    return grid(samples, columns) if samples.ndim == 4 else paths(samples.reshape(-1, columns, 2), real)
