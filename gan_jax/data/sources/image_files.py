"""Image files that are decoded when they are indexed."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from PIL import Image, UnidentifiedImageError

from gan_jax.common.errors import UsageError, UserError
from gan_jax.data.dataset import Resolution, height_and_width
from gan_jax.data.fingerprint import Part, sample
from gan_jax.data.pixels import Half, check_mode, cut, fit, is_gray
from gan_jax.data.sources.endings import is_whole

T = TypeVar("T")

_MOST_SAMPLED = 2**20  # bytes of a file


class File(NamedTuple):
    """An image file.

    name: its path below the folder, with forward slashes. size, modified: its size in bytes and its modification time
    in nanoseconds, which tell versions of the file apart.
    """

    name: str
    size: int
    modified: int


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
      root: the folder that the files' names are relative to.
      files: the files.
      resolution: side of the returned images in pixels, or their height and width.
      channels: 1 for gray, 3 for RGB.
      half: the half of each picture to return. None returns the whole picture.
    """

    def __init__(
        self, root: str, files: Sequence[File], resolution: Resolution, channels: int, half: Half | None = None
    ):
        self._root = root
        self._names = [file.name for file in files]
        self._sizes = np.array([file.size for file in files], np.int64)
        self._half: Half | None = half
        self.shape = (len(files), *height_and_width(resolution), channels)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int) -> np.ndarray:
        path = os.path.join(self._root, self._names[index])
        try:
            with Image.open(path) as image:
                picture = image if self._half is None else cut(image, self._half)
                return fit(picture, self.shape[1:3], self.shape[3])
        except Exception as error:  # a damaged file can raise anything from inside a decoder
            raise UnreadableImage(path, _reason(path, error)) from error

    def parts(self) -> Iterator[Part]:
        """The names and sizes of all files, and the beginnings of some. Copies of a folder have the same."""
        yield os.fsencode("\0".join([self._half or "", *self._names]))
        yield self._sizes
        for index in sample(len(self)):
            path = os.path.join(self._root, self._names[index])
            try:
                with open(path, "rb") as file:
                    yield file.read(_MOST_SAMPLED)
            except OSError as error:
                raise UnreadableImage(path, _reason(path, error)) from error


def all_gray(root: str, names: Sequence[str]) -> bool:
    """Whether every file is a grayscale image. Raises UsageError like `read_headers`."""
    return all(read_headers(root, names, is_gray))


def read_headers(root: str, names: Sequence[str], read: Callable[[Image.Image], T]) -> list[T]:
    """The results of `read` for every image. Only files that may be cut short are decoded.

    Raises UsageError if some files are not images, or are cut short. The message names the first few.
    """

    def check(name: str) -> T | UnreadableImage:
        path = os.path.join(root, name)
        try:
            with open(path, "rb") as file, Image.open(file) as image:
                check_mode(image)
                found = read(image)
                whole = is_whole(image, file)
            if not whole:
                with Image.open(path) as image:
                    image.load()
            return found
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
