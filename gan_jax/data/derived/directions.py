"""Translation in the other direction, and translation without pairs."""

from dataclasses import replace

from gan_jax.common.errors import UsageError
from gan_jax.data.dataset import Dataset, Scenes, Split


def reverse(dataset: Dataset) -> Dataset:
    """The dataset with images and targets exchanged.

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
    """The dataset without its training pairs: batches draw images and targets independently.

    The held-out pairs stay, so that a game trained without pairs can be measured against the true targets.

    Raises UsageError for a dataset without pairs.
    """
    name = f"shuffled:{dataset.name}"
    if dataset.train.targets is None or not dataset.train.paired:
        raise UsageError(f"{name}: {dataset.name!r} has no pairs to shuffle")
    return replace(dataset, name=name, train=replace(dataset.train, paired=False))


def _swapped(name: str, dataset: Dataset, split: Split) -> Split:
    if split.targets is None:
        raise UsageError(f"{name}: {dataset.name!r} has images without targets, so there is no reverse direction")
    return replace(split, images=split.targets, targets=split.images)
