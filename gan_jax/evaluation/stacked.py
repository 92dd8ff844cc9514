"""How many modes stacked images cover, according to a classifier of the images that are stacked."""

from typing import Any

import numpy as np

from gan_jax.data import Dataset, Images
from gan_jax.data.batching import pick
from gan_jax.data.dataset import Stack
from gan_jax.evaluation.features import Classifier, cached_classifier
from gan_jax.evaluation.metrics import label_coverage
from gan_jax.evaluation.result import REAL, SAMPLES, Evaluation, FigureTable, flat
from gan_jax.evaluation.sampler import Sampler
from gan_jax.evaluation.subsets import pick_subset

_COUNT = 10_000


def evaluate_stacked(dataset: Dataset, stack: Stack, sample: Sampler, count: int | None, seed: int) -> Evaluation:
    """Evaluates `sample(count, seed)`, uint8 (count, H, W, 3), by the modes that they cover.

    There is a mode for each triple of classes. The figures are those of `metrics.modes.LabelCoverage`, of samples
    and of as many training images. The expected
    shares are those of random triples of the stacked dataset's training images. A mode is right if the classifier gets
    all three channels right.

    `count` is 10,000 by default, and at most the number of training images. The papers use 26,000. The classifier is
    that of the stacked dataset, from the cache or trained now; UsageError is raised if it cannot be trained.
    """
    count = min(count or _COUNT, len(dataset.train))
    classifier = cached_classifier(stack.base)
    expected = _mode_shares(stack.base)

    def figures(images: np.ndarray) -> dict[str, Any]:
        coverage = label_coverage(modes_of(classifier, images), expected)
        return {"modes_covered": coverage.covered, "kl": coverage.kl}

    samples = pick(sample(count, seed), np.arange(count))
    columns = {SAMPLES: figures(samples), REAL: figures(pick_subset(dataset.train.images, count))}
    modes = len(dataset.classes)
    title = f"{count} samples, and as many real training images, of {dataset.name}"
    caption = f"Modes: by a classifier of the channels, {classifier.accuracy:.2%} right on held-out ones"
    return Evaluation(
        settings={
            "dataset": dataset.name,
            "count": count,
            "modes": modes,
            "features": classifier.features.name,
            "features_version": classifier.features.version,
        },
        figures={"classifier_accuracy": classifier.accuracy, **flat(columns)},
        measures=("modes_covered", "kl"),
        parts=(FigureTable(title, columns, caption, {"modes_covered": f"modes covered, of {modes}"}),),
    )


def modes_of(classifier: Classifier, images: np.ndarray) -> np.ndarray:
    """The modes, int (N,), of stacked images uint8 (N, H, W, 3).

    With K classes, the mode of an image whose channels are classified as r, g and b is (r K + g) K + b.
    """
    channels: Images = np.moveaxis(images, -1, 0).reshape(-1, *images.shape[1:3], 1)
    red, green, blue = classifier.probabilities(channels).argmax(axis=1).reshape(3, -1)
    return (red * classifier.classes + green) * classifier.classes + blue


def _mode_shares(base: Dataset) -> np.ndarray:
    """The share of each mode, (classes^3,), among random triples of training images of `base`."""
    labels = np.asarray(base.train.labels)
    one = np.bincount(labels, minlength=len(base.classes)) / len(labels)
    return np.einsum("r,g,b->rgb", one, one, one).ravel()
