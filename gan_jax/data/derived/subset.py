"""Limits the number of training images."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.data.dataset import Dataset, Images, Split
from gan_jax.data.fingerprint import Part
from gan_jax.data.splits import shuffled


def limit_training(dataset: Dataset, count: int | None) -> Dataset:
    """The dataset with a fixed random choice of `count` training images, or with all of them if `count` is None.

    A larger choice contains every smaller one. The held-out images stay. Paired targets stay with their images. Of
    unpaired targets, `count` are kept, or all if there are fewer.

    Raises UsageError for a count below 1 or above the number of training images.

    >>> few = data.limit_training(data.load("digits", resolution=8), 100)
    >>> len(few.train), len(few.test)
    (100, 449)
    """
    if count is None:
        return dataset
    images, labels, targets = dataset.train.images, dataset.train.labels, dataset.train.targets
    if not 1 <= count <= len(images):
        raise UsageError(f"--examples must be from 1 to {dataset.name}'s {len(images)} training images, not {count}")
    indices = shuffled(len(images), 0)[:count]
    train = Split(
        _choose(images, indices),
        None if labels is None else labels[indices],
        None if targets is None else _choose(targets, shuffled(len(targets), 0)[:count]),
        dataset.train.paired,
    )
    return replace(dataset, train=train)


def _choose(images: Images, indices: np.ndarray) -> Images:
    return images[indices] if isinstance(images, np.ndarray) else _Chosen(images, indices)


class _Chosen:
    """Some of the images of a source that decodes on demand."""

    def __init__(self, images: Images, indices: np.ndarray):
        self._images, self._indices = images, indices
        self.shape = (len(indices), *images.shape[1:])

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> np.ndarray:
        return self._images[int(self._indices[index])]

    def parts(self) -> Iterator[Part]:
        """All images, and which of them are chosen."""
        yield self._images
        yield self._indices
