"""Hides labels for semi-supervised learning. The label -1 means a hidden label, as in scikit-learn."""

import dataclasses

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.data.batching import pick
from gan_jax.data.dataset import Dataset, Split
from gan_jax.data.splits import shuffled

UNLABELLED = -1


def hide_labels(dataset: Dataset, per_class: int | None, seed: int = 0) -> Dataset:
    """The dataset with the labels of only `per_class` training images of each class. The others become -1.

    Args:
      dataset: a dataset with labels. Its held-out labels stay.
      per_class: how many training labels of each class to keep, at least 1. None keeps all.
      seed: chooses the images that keep their labels. A larger `per_class` keeps all labels that a smaller one keeps.

    Raises:
      UsageError: `per_class` is below 1, the dataset has no labels, or a class has too few training images.

    >>> digits = data.hide_labels(data.load("digits", resolution=8), per_class=5)
    >>> [int(np.sum(digits.train.labels == label)) for label in (-1, 0, 1)]
    [1298, 5, 5]
    """
    if per_class is None:
        return dataset
    if per_class < 1:
        raise UsageError(f"at least 1 label of each class must be kept, not {per_class}")
    labels = dataset.train.labels
    if labels is None:
        raise UsageError(f"the images of {dataset.name} have no labels, so {per_class} per class cannot be kept")
    # A seed of three parts. With the seed of an epoch, a run would see all labelled images first.
    order = shuffled(len(labels), seed, 0, 1)
    kept = np.full_like(labels, UNLABELLED)
    for label, name in enumerate(dataset.classes):
        members = order[labels[order] == label]
        if len(members) < per_class:
            raise UsageError(
                f"{per_class} labels of each class cannot be kept: {dataset.name} has {len(members)} training images "
                f"of class {name}"
            )
        kept[members[:per_class]] = label
    return dataclasses.replace(dataset, train=dataclasses.replace(dataset.train, labels=kept))


def labelled(split: Split) -> Split:
    """The examples whose label is known. Raises UsageError if there are no labels at all.

    >>> digits = data.hide_labels(data.load("digits", resolution=8), per_class=5)
    >>> len(digits.train), len(data.labelled(digits.train))
    (1348, 50)
    """
    if split.labels is None:
        raise UsageError("there are no labels among which known ones could be found")
    rows = np.flatnonzero(split.labels >= 0)
    return Split(pick(split.images, rows), split.labels[rows])
