"""Subsets of a dataset that are large enough to measure with. They are the same ones each time."""

import numpy as np

from gan_jax.data import Images, Split, take
from gan_jax.data.batching import pick
from gan_jax.data.splits import shuffled


def subset(count: int, most: int) -> np.ndarray:
    """Ascending indices below `count`, int64 (min(count, most),): all, or `most` of them chosen at random."""
    # Not the first ones, because the images of a folder are sorted by class.
    return np.sort(shuffled(count, 0)[:most])


def take_subset(split: Split, most: int) -> dict[str, np.ndarray]:
    """The examples of a subset of `split`, as `take` returns them. Image i has target i, even in an unpaired split."""
    return take(split, subset(len(split), most))


def pick_subset(images: Images, most: int) -> np.ndarray:
    """A subset of images or points, (min(N, most), ...)."""
    return pick(images, subset(len(images), most))


class Subset:
    """Some of the images of a dataset, which stay where they are. It is random access to images too.

    indices: int (n,), which images they are.
    """

    def __init__(self, images: Images, indices: np.ndarray):
        self._images, self._indices = images, indices
        self.shape = (len(indices), *images.shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int) -> np.ndarray:
        return self._images[int(self._indices[index])]
