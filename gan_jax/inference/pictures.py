"""Pictures and animations of many samples: grids of images, rendered volumes or texts, or scatter plots of points."""

from typing import Any

import numpy as np

from gan_jax.data import DataInfo
from gan_jax.data.texts import texts_of
from gan_jax.reporting import grid, paths, render, scatter, write_lines

_COLUMNS_OF_TEXTS = 2


def picture_count(info: DataInfo) -> int:
    """How many samples a picture shows by default: 64 images, 40 volumes, 40 texts or 2,000 points."""
    return {1: 2000, 2: 40, 3: 64, 4: 40}[len(info.example_shape)]


def sample_picture(samples: np.ndarray, real: Any, columns: int | None = None, characters: str = "") -> np.ndarray:
    """A picture of samples, uint8 (H, W, 1 or 3).

    samples: images uint8 (N, H, W, C), volumes uint8 (N, D, H, W, 1), texts uint8 (N, L, V) or points (N, D).
    real: real points (M, D), which are drawn behind the samples. Not used for others.
    columns: the number of columns in a grid of images, volumes or texts. By default there are two columns of texts, and
        other grids are as square as possible.
    characters: those of texts.

    >>> digits, ring = data.load("digits", resolution=8), data.load("ring", resolution=1)
    >>> inference.sample_picture(digits.test.images[:64], real=None).shape  # a grid of 8x8 images
    (263, 263, 1)
    >>> inference.sample_picture(ring.test.images[:500], real=ring.train.images).shape  # a scatter plot
    (480, 480, 3)
    """
    if samples.ndim == 2:
        return scatter(*_in_plane(samples, real))
    if samples.ndim == 3:
        lines = texts_of(samples, characters)
        return grid(write_lines(lines, samples.shape[1]), columns or min(len(lines), _COLUMNS_OF_TEXTS))
    return grid(_images(samples), columns)


def interpolation_picture(samples: np.ndarray, columns: int, real: Any) -> np.ndarray:
    """A picture of walks of `columns` samples each, uint8 (H, W, 1 or 3): rows of images, or lines through points.

    samples: as `interpolate_images` returns them, with images of 1 or 3 channels, volumes, or points in the plane.
    real: real points (M, 2), which are drawn behind the lines. Not used for others.

    >>> walks = data.load("digits", resolution=8).test.images[:30]  # as if they were three walks of ten steps
    >>> inference.interpolation_picture(walks, columns=10, real=None).shape
    (98, 329, 1)
    """
    if samples.ndim > 2:
        return grid(_images(samples), columns)
    points, real = _in_plane(samples, real)
    return paths(points.reshape(-1, columns, 2), real)


def mixing_picture(samples: np.ndarray, columns: int) -> np.ndarray:
    """A picture of a table of style mixing with `columns` columns, as `mixed_styles` orders it, uint8 (H, W, 1 or 3).

    The first row and the first column show the sources. The corner where they meet is white.

    >>> left, top = jnp.zeros((2, 4, 16)), jnp.ones((3, 4, 16))  # styles of sources
    >>> styles = inference.mixed_styles(left, top, layers=2)
    >>> images = np.zeros((len(styles), 32, 32, 3), np.uint8)  # `decode(styled(gan), networks, styles)` of a real game
    >>> inference.mixing_picture(images, columns=3).shape  # 3 rows and 4 columns, with the sources
    (98, 131, 3)
    """
    corner = np.full_like(samples[:1], 255)
    return grid(np.concatenate([corner, samples]), columns + 1)


def animation_frames(samples: np.ndarray, columns: int | None, real: Any, characters: str = "") -> list[np.ndarray]:
    """The frames of an animation of samples, each a picture like those of `sample_picture`.

    columns: the length of each walk, for samples as `interpolate_images` returns them: frame t shows step t of all
        walks. None for other samples: each image, volume or text has its own frame, and points share one.

    >>> walks = data.load("digits", resolution=8).test.images[:30]  # as if they were three walks of ten steps
    >>> frames = inference.animation_frames(walks, columns=10, real=None)
    >>> len(frames), frames[0].shape  # each frame shows one step of all walks
    (10, (65, 65, 1))
    >>> len(inference.animation_frames(walks, columns=None, real=None))  # an image after the other
    30
    """
    if columns is not None:
        walks = samples.reshape(-1, columns, *samples.shape[1:])
        return [sample_picture(walks[:, t], real) for t in range(columns)]
    parts = [samples] if samples.ndim == 2 else np.split(samples, len(samples))
    return [sample_picture(part, real, characters=characters) for part in parts]


def _in_plane(samples: np.ndarray, real: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points in the plane as they are, and others along the two directions in which real points vary most (PCA)."""
    if samples.shape[1] == 2:
        return samples, real
    mean = real.mean(0)
    _, directions = np.linalg.eigh(np.cov(real - mean, rowvar=False))
    return (samples - mean) @ directions[:, :-3:-1], (real - mean) @ directions[:, :-3:-1]


def _images(samples: np.ndarray) -> np.ndarray:
    """Images as they are, and pictures of volumes."""
    return render(samples) if samples.ndim == 5 else samples
