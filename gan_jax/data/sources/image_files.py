"""Image files that are decoded when they are indexed."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image, UnidentifiedImageError

from gan_jax.common.errors import UsageError, UserError
from gan_jax.data.pixels import Half, cut, fit, is_gray

T = TypeVar("T")


class UnreadableImage(UserError):
    """An image file cannot be decoded."""

    # Exception pickles the arguments it gets. The error may come from another process.
    def __init__(self, path: str, reason: str):
        super().__init__(path, reason)

    def __str__(self) -> str:
        path, reason = self.args
        return f"{path} cannot be read as an image: {reason}"


class FileImages:
    """Random access to image files.

    Args:
      root: the folder that `names` are relative to.
      names: paths of the files.
      resolution: side of the returned images in pixels.
      channels: 1 for gray, 3 for RGB.
      half: the half of each picture to return. None returns the whole picture.
    """

    def __init__(self, root: str, names: Sequence[str], resolution: int, channels: int, half: Half | None = None):
        self._root = root
        self._names = names
        self._half: Half | None = half
        self.shape = (len(names), resolution, resolution, channels)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int) -> np.ndarray:
        path = os.path.join(self._root, self._names[index])
        try:
            with Image.open(path) as image:
                picture = image if self._half is None else cut(image, self._half)
                return fit(picture, self.shape[1], self.shape[3])
        except Exception as error:  # a damaged file can raise anything from inside a decoder
            raise UnreadableImage(path, _reason(path, error)) from error


def all_gray(root: str, names: Sequence[str]) -> bool:
    """Whether every file is a grayscale image. Raises UsageError like `read_headers`."""
    return all(read_headers(root, names, is_gray))


def read_headers(root: str, names: Sequence[str], read: Callable[[Image.Image], T]) -> list[T]:
    """The results of `read` for every image. The files are opened but not decoded.

    Raises UsageError if some files are not images. The message names the first few.
    """

    def check(name: str) -> T | UnreadableImage:
        path = os.path.join(root, name)
        try:
            with Image.open(path) as image:
                return read(image)
        except Exception as error:  # a damaged file can raise anything here too
            return UnreadableImage(path, _reason(path, error))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(check, names, chunksize=64))
    refuse([each for each in found if isinstance(each, UnreadableImage)], len(names))
    return [each for each in found if not isinstance(each, UnreadableImage)]


def refuse(unreadable: Sequence[UnreadableImage], count: int) -> None:
    """Raises one UsageError if any of `count` images are unreadable. The message names the first few."""
    if unreadable:
        first = "; ".join(
            f"{path} ({reason})" for path, reason in (error.args for error in sorted(unreadable, key=str)[:3])
        )
        more = f"; and {len(unreadable) - 3} more" if len(unreadable) > 3 else ""
        raise UsageError(
            f"{len(unreadable)} of {count} images cannot be read: {first}{more}; remove or replace these files"
        )


def _reason(path: str, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "the file is gone"
    if isinstance(error, UnidentifiedImageError):
        return "the file is empty" if Path(path).stat().st_size == 0 else "not an image"
    return str(error) or type(error).__name__
