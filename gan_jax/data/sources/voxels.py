"""Volumes in a NumPy archive."""

from functools import partial
from pathlib import Path

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.data.dataset import Dataset, Resolution, height_and_width
from gan_jax.data.sources.npz import read_archive, splits_of

_NAMES = ("voxels", "labels", "test_voxels", "test_labels")


def voxels(path: str, resolution: Resolution) -> Dataset:
    """The volumes of an archive, with labels if it has any.

    Its arrays are `voxels`, bool or uint8 (N, S, S, S) or (N, S, S, S, 1), and optionally `labels`, `test_voxels` and
    `test_labels`, as in `npz`. Numbers are 0 and 1, or from 0 to 255. Without test volumes a sixth is held out.

    Raises:
      UsageError: the archive cannot be read, an array has a wrong type or shape, or the sides of the volumes are not
        those of `resolution`: volumes are not resized, because thin parts would vanish.
    """
    file = Path(path).expanduser().absolute()
    arrays = read_archive(file, _NAMES)
    if "voxels" not in arrays:
        raise UsageError(f"{file}: no array is named 'voxels'; the archive holds {', '.join(arrays) or 'nothing'}")
    train, test, classes = splits_of(file, arrays, _NAMES, partial(_checked, file, resolution), "volume")
    return Dataset(f"voxels:{path}", train, test, classes)


def _checked(file: Path, resolution: Resolution, name: str, array: np.ndarray) -> np.ndarray:
    """The array `name` as uint8 (N, S, S, S, 1) from 0 to 255."""
    found = array
    if found.dtype not in (np.bool_, np.uint8):
        raise UsageError(f"{file}: {name!r} is {found.dtype}; volumes must be bool, or uint8 in [0, 255]")
    if found.ndim == 5 and found.shape[-1] == 1:
        found = found[..., 0]
    if found.ndim != 4 or 0 in found.shape:
        raise UsageError(f"{file}: {name!r} has shape {array.shape}; volumes must be (N, S, S, S)")
    asked = height_and_width(resolution)
    if len({*found.shape[1:], *asked}) > 1:
        size, wanted = ("x".join(map(str, sides)) for sides in (found.shape[1:], asked[:1] * 3))
        fitting = f": give --resolution {found.shape[1]}" if len(set(found.shape[1:])) == 1 else ""
        raise UsageError(f"{file}: {name!r} holds volumes of {size}, and the run is of {wanted}{fitting}")
    return (found.astype(np.uint8) * (255 if found.max() <= 1 else 1))[..., None]
