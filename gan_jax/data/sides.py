"""Datasets for translation from other ones: the other way round, or without the pairs."""

from dataclasses import replace

from gan_jax.data.dataset import Dataset, Scenes, Split
from gan_jax.errors import UsageError


def reverse(dataset: Dataset) -> Dataset:
    """The dataset whose images are the targets of this one, and its targets the images.

    Raises UsageError for a dataset without targets.
    """
    name = f"reverse:{dataset.name}"
    origin = None
    if isinstance(dataset.origin, Scenes):
        other = "images" if dataset.origin.labels_are == "targets" else "targets"
        origin = replace(dataset.origin, labels_are=other)
    train, test = (_swapped(name, dataset, split) for split in (dataset.train, dataset.test))
    return replace(dataset, name=name, train=train, test=test, origin=origin)


def shuffled_pairs(dataset: Dataset) -> Dataset:
    """The dataset with its training pairs torn apart: images and targets are drawn independently of each other.

    The held-out pairs stay, so that a game without pairs is measured against the truth.

    Raises UsageError for a dataset that has no pairs.
    """
    name = f"shuffled:{dataset.name}"
    if dataset.train.targets is None or not dataset.train.paired:
        raise UsageError(f"{name}: {dataset.name!r} has no pairs that could be torn apart")
    return replace(dataset, name=name, train=replace(dataset.train, paired=False))


def _swapped(name: str, dataset: Dataset, split: Split) -> Split:
    if split.targets is None:
        raise UsageError(f"{name}: {dataset.name!r} has images without targets, which have no other way round")
    return replace(split, images=split.targets, targets=split.images)
