"""What translates images without training a network: what a game's figures have to be better than."""

from collections.abc import Callable

import numpy as np

from gan_jax.data.batching import pick, take
from gan_jax.data.dataset import Dataset, Degradation, Scenes, Split
from gan_jax.metrics.classifier import subset
from gan_jax.metrics.label_maps import read_labels

_MOST_SEEN = 400  # training pairs

Baseline = Callable[[np.ndarray], np.ndarray]


def baselines(dataset: Dataset) -> dict[str, Baseline]:
    """By name, functions from images uint8 (N, H, W, C) to guesses of their targets, uint8 (N, H, W, D).

    "source": the image as it is, where it has the channels of a target or just one. "mean image": of training targets.
    Of a degradation its own; of drawn scenes "mean colour", of each label, or the label whose mean colour is nearest.
    """
    targets = dataset.train.targets
    assert targets is not None
    found: dict[str, Baseline] = {}
    shape = tuple(targets.shape[1:])
    if dataset.image_shape[2] in (1, shape[2]):
        found["source"] = lambda images: np.broadcast_to(images, (len(images), *shape))
    mean = np.rint(pick(targets, subset(len(targets), _MOST_SEEN)).mean(0)).astype(np.uint8)
    found["mean image"] = lambda images: np.broadcast_to(mean, (len(images), *shape))
    match dataset.origin:
        case Degradation(of_degradation):
            found |= {name: _seeing(dataset.train, make) for name, make in of_degradation.items()}
        case Scenes():
            found["mean colour"] = _mean_colour(dataset.origin, dataset.train)
    return found


def _seeing(train: Split, make: Callable[[np.ndarray, Split], np.ndarray]) -> Baseline:
    return lambda images: make(images, train)


def _mean_colour(scenes: Scenes, train: Split) -> Baseline:
    """Of pairs: also where training may not know that they are ones."""
    seen = take(train, subset(len(train), _MOST_SEEN))
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
