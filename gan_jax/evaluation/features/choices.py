"""The features by the names that users give, each for a dataset."""

from collections.abc import Callable

import numpy as np

from gan_jax.data import Dataset
from gan_jax.evaluation.features.base import Features
from gan_jax.evaluation.features.classifier import cached_classifier
from gan_jax.evaluation.features.efficientnet import efficientnet
from gan_jax.evaluation.features.inception import inception
from gan_jax.evaluation.features.pixels import pixels

Choice = Callable[[Dataset], Features]


def has_labels(dataset: Dataset) -> bool:
    """Whether all images of a dataset have one of at least two classes, so that a classifier can be trained on them."""
    labels = dataset.train.labels, dataset.test.labels
    return len(dataset.classes) > 1 and all(x is not None and len(x) > 0 and np.min(x) >= 0 for x in labels)


def of_classifier(dataset: Dataset) -> Features:
    """Those of a classifier of the dataset's own classes. Raises UsageError for a dataset without labels."""
    return cached_classifier(dataset).features


def of_efficientnet(dataset: Dataset) -> Features:
    """Those of EfficientNet-lite0. Raises UsageError if it is not installed."""
    return efficientnet()


def of_inception(dataset: Dataset) -> Features:
    """Those of the Inception-v3 of the Frechet Inception distance. Raises UsageError if there are no weights."""
    return inception()


def of_pixels(dataset: Dataset) -> Features:
    """The pixels themselves."""
    return pixels(dataset.image_shape)


def usual_features(dataset: Dataset) -> Features:
    """The features of a classifier where all images have labels, and those of EfficientNet-lite0 elsewhere.

    Raises UsageError if EfficientNet-lite0 is needed and not installed.
    """
    return of_classifier(dataset) if has_labels(dataset) else of_efficientnet(dataset)


CHOICES: dict[str, Choice] = {
    "classifier": of_classifier,
    "efficientnet": of_efficientnet,
    "inception": of_inception,
    "pixels": of_pixels,
}
