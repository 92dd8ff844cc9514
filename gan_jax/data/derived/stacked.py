"""Stacked images: three gray images as the channels of one. They have many modes, which can be counted."""

import itertools
from collections.abc import Iterator

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.data.dataset import Dataset, Images, Split, Stack
from gan_jax.data.fingerprint import Part
from gan_jax.data.splits import uniform

TRAIN_COUNT, TEST_COUNT = 20_000, 5_000

_MOST_CLASSES = 20


def stacked(base: Dataset) -> Dataset:
    """20,000 stacks of three random training images, and 5,000 stacks of held-out images.

    A stack of images with the labels r, g and b, of K classes, has the label (r K + g) K + b. The ten digits thus make
    1,000 modes, named 000 to 999. Source: Metz et al. (arXiv 1611.02163), section 3.3.1, with MNIST.

    Raises UsageError if the base has points or colour images, no labels, a class without training images, or more than
    20 classes.
    """
    name = f"stacked:{base.name}"
    if len(base.example_shape) != 3 or base.image_shape[2] != 1:
        raise UsageError(f"{name}: only gray images can be stacked, and {base.name!r} has none")
    if base.train.labels is None or base.test.labels is None:
        raise UsageError(
            f"{name}: the images of {base.name!r} have no labels, and stacking needs them to number the modes"
        )
    if len(np.unique(base.train.labels)) < len(base.classes):
        raise UsageError(f"{name}: some classes of {base.name!r} have no training images")
    if len(base.classes) > _MOST_CLASSES:
        most = f"{_MOST_CLASSES}, which make {_MOST_CLASSES**3} modes"
        raise UsageError(f"{name}: {base.name!r} has {len(base.classes)} classes; there can be at most {most}")
    classes = tuple("".join(names) for names in itertools.product(base.classes, repeat=3))
    train = _split(base.train, base.train.labels, len(base.classes), TRAIN_COUNT, "train triples")
    test = _split(base.test, base.test.labels, len(base.classes), TEST_COUNT, "test triples")
    return Dataset(name, train, test, classes, Stack(base))


class StackedImages:
    """Random access to stacked images.

    Args:
      images: gray images, (N, H, W, 1).
      triples: (M, 3), the indices of the images that are the channels of each stack.
    """

    def __init__(self, images: Images, triples: np.ndarray):
        self._images, self._triples = images, triples
        _, height, width, _ = images.shape
        self.shape = (len(triples), height, width, 3)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int) -> np.ndarray:
        return np.concatenate([self._images[int(i)] for i in self._triples[index]], axis=-1)

    def parts(self) -> Iterator[Part]:
        """The images, and which of them are stacked."""
        yield self._images
        yield self._triples


def _split(base: Split, labels: np.ndarray, classes: int, count: int, name: str) -> Split:
    triples = (uniform(3 * count, name).reshape(count, 3) * len(base)).astype(np.int64)
    places = np.array([classes**2, classes, 1])
    return Split(StackedImages(base.images, triples), (labels[triples] @ places).astype(np.int32))
