"""Translations that train no network: the baselines that a trained game has to beat."""

from collections.abc import Callable

import numpy as np

from gan_jax.data import Dataset, Split
from gan_jax.data.dataset import Degradation, Scenes
from gan_jax.evaluation.metrics import read_labels
from gan_jax.evaluation.subsets import pick_subset, take_subset

_MOST_SEEN = 400  # training pairs

Baseline = Callable[[np.ndarray], np.ndarray]


def baselines(dataset: Dataset) -> dict[str, Baseline]:
    """Functions from images uint8 (N, H, W, C) to guesses of their targets, uint8 (N, H, W, D), by name.

    "source" is the image itself, if it has as many channels as a target or only one. "mean image" is the mean of
    training targets. A degradation brings baselines of its own. Drawn scenes have "mean colour": it paints each label
    in its mean colour, or in the other direction gives each pixel the label whose mean colour is nearest.
    """
    targets = dataset.train.targets
    assert targets is not None
    found: dict[str, Baseline] = {}
    shape = tuple(targets.shape[1:])
    if dataset.image_shape[2] in (1, shape[2]):
        found["source"] = lambda images: np.broadcast_to(images, (len(images), *shape))
    mean = np.rint(pick_subset(targets, _MOST_SEEN).mean(0)).astype(np.uint8)
    found["mean image"] = lambda images: np.broadcast_to(mean, (len(images), *shape))
    match dataset.origin:
        case Degradation(restorers):
            found |= {name: _with_split(dataset.train, restore) for name, restore in restorers.items()}
        case Scenes():
            found["mean colour"] = _mean_colour(dataset.origin, dataset.train)
    return found


def _with_split(train: Split, restore: Callable[[np.ndarray, Split], np.ndarray]) -> Baseline:
    return lambda images: restore(images, train)


def _mean_colour(scenes: Scenes, train: Split) -> Baseline:
    # Scenes come in pairs, even where the split hides that from training.
    seen = take_subset(train, _MOST_SEEN)
    maps, pictures = seen["image"], seen["target"]
    if scenes.labels_are == "targets":
        maps, pictures = pictures, maps
    labels = read_labels(maps, scenes.palette).ravel()
    counts = np.bincount(labels, minlength=len(scenes.palette))
    sums = np.stack([np.bincount(labels, pictures[..., i].ravel(), len(counts)) for i in range(3)], 1)
    colours = np.rint(sums / np.maximum(counts, 1)[:, None]).astype(np.uint8)
    if scenes.labels_are == "targets":
        return lambda images: scenes.palette[read_labels(images, colours)]
    return lambda images: colours[read_labels(images, scenes.palette)]
