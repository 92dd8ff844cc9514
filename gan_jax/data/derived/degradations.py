"""Pairs made from any images: a degraded version of an image, and the image itself as its target.

Every function takes a dataset of images and returns a dataset for translation with the same labels. A degraded image
depends only on the image and its place in the dataset. The `baselines` of the returned dataset's `Degradation` are
methods that restore the images without training.

Every function raises UsageError for points and for a dataset that already has targets.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage

from gan_jax.common.errors import UsageError
from gan_jax.data.batching import take
from gan_jax.data.dataset import Dataset, Degradation, Images, Split
from gan_jax.data.fingerprint import Part, sample
from gan_jax.data.splits import shuffled

FACTOR = 4  # of superresolution
NOISE = 50  # standard deviation in gray levels
EDGES = 0.2  # fraction of the pixels that are edges
_GRAY = 128  # fills a hole

_MOST_FITTED = 2000  # training images that a baseline is fitted to

Degrade = Callable[[np.ndarray, int], np.ndarray]


class DegradedImages:
    """Random access to degraded images.

    Args:
      images: the original images.
      degrade: maps an image, uint8 (H, W, C), and its number to uint8 (H, W, channels).
      first: number of the first image.
      channels: number of channels of the degraded images.
    """

    def __init__(self, images: Images, degrade: Degrade, first: int, channels: int):
        self._images, self._degrade, self._first = images, degrade, first
        self.shape = (*images.shape[:3], channels)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int) -> np.ndarray:
        return self._degrade(self._images[index], self._first + index)

    def parts(self) -> Iterator[Part]:
        """The original images, and some degraded ones."""
        yield self._images
        for index in sample(len(self)):
            yield self[index]


def colorization(base: Dataset) -> Dataset:
    """Gray versions of colour images, as Pillow converts them (the luma of ITU-R 601-2).

    Baseline: each gray level becomes the mean colour of the training pixels with that level.

    Raises UsageError for gray images.
    """
    if _channels("colorization", base) != 3:
        raise UsageError(
            f"colorization:{base.name}: the images are gray; colorization needs colour images, with three channels"
        )
    return _degraded("colorization", base, _gray, 1, {"mean colour": _mean_colour})


def superresolution(base: Dataset) -> Dataset:
    """Images reduced to a quarter of height and width (bicubic, antialiased) and enlarged again by repeating pixels.

    Baseline: bicubic enlargement.

    Raises UsageError for a height or width that is not a multiple of 4.
    """
    for side in _sides("superresolution", base):
        if side % FACTOR:
            raise UsageError(f"superresolution:{base.name}: the resolution must be a multiple of {FACTOR}, not {side}")
    return _degraded("superresolution", base, _small, None, {"bicubic": _bicubic})


def inpainting(base: Dataset) -> Dataset:
    """Images with a hole in the middle. It has half the height and width of the image and is filled with gray.

    Baselines: the mean colour of the pixels around the hole, and harmonic interpolation, where each pixel of the hole
    is the mean of its four neighbours.

    Raises UsageError for a height or width below 4.
    """
    if (side := min(_sides("inpainting", base))) < 4:
        raise UsageError(f"inpainting:{base.name}: the resolution must be at least 4, not {side}")
    return _degraded("inpainting", base, _holed, None, {"mean colour": _mean_filled, "harmonic": _harmonic})


def denoising(base: Dataset) -> Dataset:
    """Images with Gaussian noise on every channel. Its standard deviation is 50 gray levels. Values are clipped.

    Baseline: a median filter of 3x3 pixels.
    """
    return _degraded("denoising", base, _noisy, None, {"median filter": _median})


def edges(base: Dataset) -> Dataset:
    """Edges, black on white: the fifth of the pixels where the Sobel gradient of the gray image is largest.

    Pixels without any gradient are never edges. There is no baseline.
    """
    return _degraded("edges", base, _edges, 1, {})


def _degraded(
    task: str, base: Dataset, degrade: Degrade, channels: int | None, baselines: Mapping[str, Any]
) -> Dataset:
    count = channels or _channels(task, base)
    _channels(task, base)

    def split(whole: Split, first: int) -> Split:
        return replace(whole, images=DegradedImages(whole.images, degrade, first, count), targets=whole.images)

    # The numbers continue from one split to the next, so that no held-out image has the noise of a training image.
    train, test = split(base.train, 0), split(base.test, len(base.train))
    return replace(base, name=f"{task}:{base.name}", train=train, test=test, origin=Degradation(baselines))


def _channels(task: str, base: Dataset) -> int:
    """Number of channels. Raises UsageError for points and for a dataset that already has targets."""
    if len(base.example_shape) != 3:
        raise UsageError(f"{task}:{base.name}: only images can be degraded, and {base.name!r} has {base.info.kind}")
    if base.train.targets is not None:
        raise UsageError(f"{task}:{base.name}: {base.name!r} already has targets, and cannot get others")
    return base.image_shape[2]


def _sides(task: str, base: Dataset) -> tuple[int, int]:
    """Height and width. Raises UsageError like `_channels`."""
    _channels(task, base)
    return base.image_shape[:2]


def _gray(image: np.ndarray, number: int) -> np.ndarray:
    del number
    return image if image.shape[2] == 1 else np.asarray(Image.fromarray(image).convert("L"))[..., None]


def _small(image: np.ndarray, number: int) -> np.ndarray:
    del number
    small = _resized(image, image.shape[0] // FACTOR, image.shape[1] // FACTOR)
    return small.repeat(FACTOR, 0).repeat(FACTOR, 1)


def _holed(image: np.ndarray, number: int) -> np.ndarray:
    del number
    holed = image.copy()
    holed[_hole(*image.shape[:2])] = _GRAY
    return holed


def _hole(height: int, width: int) -> tuple[slice, slice]:
    return slice(height // 4, height - height // 4), slice(width // 4, width - width // 4)


def _noisy(image: np.ndarray, number: int) -> np.ndarray:
    # Box and Muller (1958), applied to raw words: NumPy promises only that their stream never changes.
    seed = np.random.SeedSequence((*b"noise", number))
    words = np.random.Philox(seed).random_raw(2 * image.size).reshape(2, *image.shape) / 2**64
    noise = np.sqrt(-2 * np.log1p(-words[0])) * np.cos(2 * np.pi * words[1])
    return np.rint(image + NOISE * noise).clip(0, 255).astype(np.uint8)


def _edges(image: np.ndarray, number: int) -> np.ndarray:
    gray = _gray(image, number)[..., 0].astype(np.float64)
    steepness = np.hypot(ndimage.sobel(gray, 0), ndimage.sobel(gray, 1))
    at_least = max(np.quantile(steepness, 1 - EDGES), 1e-6)
    return np.where(steepness >= at_least, 0, 255).astype(np.uint8)[..., None]


def _resized(image: np.ndarray, height: int, width: int) -> np.ndarray:
    picture = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
    resized = np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC))
    return resized.reshape(height, width, image.shape[2])


def _mean_colour(images: np.ndarray, train: Split) -> np.ndarray:
    # A random choice, because the images of a folder are sorted by class.
    seen = take(train, shuffled(len(train), 0)[:_MOST_FITTED])
    levels, colours = seen["image"].ravel(), seen["target"].reshape(-1, 3)
    counts = np.bincount(levels, minlength=256)
    sums = np.stack([np.bincount(levels, colours[:, i], 256) for i in range(3)], 1)
    # A level without training pixels stays gray.
    means = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], np.arange(256)[:, None])
    return np.rint(means).astype(np.uint8)[images[..., 0]]


def _bicubic(images: np.ndarray, train: Split) -> np.ndarray:
    del train
    return np.stack([_resized(image[::FACTOR, ::FACTOR], *image.shape[:2]) for image in images])


def _median(images: np.ndarray, train: Split) -> np.ndarray:
    del train
    return ndimage.median_filter(images, size=(1, 3, 3, 1))


def _mean_filled(images: np.ndarray, train: Split) -> np.ndarray:
    del train
    hole = _hole(*images.shape[1:3])
    known = np.ones(images.shape[1:3], bool)
    known[hole] = False
    filled = images.copy()
    filled[:, *hole] = np.rint(images[:, known].mean(1))[:, None, None]
    return filled


def _harmonic(images: np.ndarray, train: Split) -> np.ndarray:
    del train
    count, height, width, channels = images.shape
    hole = _hole(height, width)
    high, wide = (side.stop - side.start for side in hole)
    # For each pixel of the hole, the sum of its neighbours outside the hole.
    known = images.astype(np.float64)
    known[:, *hole] = 0
    given = sum(np.roll(known, shift, axis)[:, *hole] for axis in (1, 2) for shift in (1, -1))
    columns = np.moveaxis(np.asarray(given).reshape(count, high * wide, channels), 1, 0).reshape(high * wide, -1)
    solved = _laplacian_solver(high, wide)(columns).reshape(high * wide, count, channels)
    filled = images.copy()
    filled[:, *hole] = np.rint(np.moveaxis(solved, 0, 1).reshape(count, high, wide, channels)).clip(0, 255)
    return filled


@cache
def _laplacian_solver(height: int, width: int) -> Callable[[np.ndarray], np.ndarray]:
    """A solver of 4 x - (the sum of x's neighbours inside the rectangle) = b, for b (height * width, M)."""
    from scipy import sparse
    from scipy.sparse.linalg import splu

    column, row = (
        sparse.csr_array(2 * np.eye(side) - np.eye(side, k=1) - np.eye(side, k=-1)) for side in (height, width)
    )
    return splu(
        sparse.csc_array(sparse.kron(column, sparse.eye_array(width)) + sparse.kron(sparse.eye_array(height), row))
    ).solve
