"""Hidden labels, for semi-supervised learning: the label -1 means that there is none, as in scikit-learn."""

import dataclasses

import numpy as np

from gan_jax.data.dataset import Dataset
from gan_jax.data.splits import shuffled
from gan_jax.errors import UsageError

UNLABELLED = -1


def hide_labels(dataset: Dataset, per_class: int | None, seed: int = 0) -> Dataset:
    """The dataset with the labels of `per_class` training images of each class kept and the others hidden, as -1.

    Which ones are kept `seed` says; those that a smaller `per_class` keeps are among them. The test split is left
    alone, and with None everything is.

    Raises UsageError for a dataset without labels, or where a class has fewer images, or for `per_class` below 1.
    """
    if per_class is None:
        return dataset
    if per_class < 1:
        raise UsageError(f"at least 1 label of each class must be kept, not {per_class}")
    labels = dataset.train.labels
    if labels is None:
        raise UsageError(f"the images of {dataset.name} have no labels, of which {per_class} a class could be kept")
    # Three parts: not the order in which a run of this seed sees them, which would meet all labels first.
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
