"""How many modes stacked images cover, according to a classifier of the images that are stacked."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console

from gan_jax.data import Dataset, Images
from gan_jax.data.dataset import Stack
from gan_jax.evaluation.beside_real import Sampler, beside_real
from gan_jax.evaluation.features import Classifier, cached_classifier
from gan_jax.evaluation.metrics import label_coverage
from gan_jax.evaluation.subsets import pick_subset
from gan_jax.reporting import print_beside_real

_COUNT = 10_000


@dataclass(frozen=True)
class StackedEvaluation:
    """Figures of stacked samples. Those named `..._real` are the figures of as many training images, classified too.

    Attributes:
      dataset: the name of the dataset.
      count: the number of samples, on which the figures depend. The papers use 26,000.
      modes: the number of modes, one for each triple of classes.
      classifier_accuracy: the share of held-out images of the stacked dataset that the classifier gets right. A mode is
        right if the classifier gets all three channels right.
      modes_covered, kl: see `metrics.modes.LabelCoverage`. The expected shares are those of random triples of the
        stacked dataset's training images.
    """

    dataset: str
    count: int
    modes: int
    classifier_accuracy: float
    modes_covered: int
    modes_covered_real: int
    kl: float
    kl_real: float

    def to_json(self) -> dict[str, object]:
        return {**dataclasses.asdict(self), "measures": ["modes_covered", "kl"]}

    def report(self, console: Console) -> None:
        rows = [
            (f"modes covered, of {self.modes}", str(self.modes_covered), str(self.modes_covered_real)),
            ("KL from the real modes, lower is better", f"{self.kl:.3g}", f"{self.kl_real:.3g}"),
        ]
        title = f"{self.count} samples, and as many real training images, of {self.dataset}"
        caption = f"Modes: by a classifier of the channels, {self.classifier_accuracy:.2%} right on held-out ones"
        print_beside_real(title, rows, console, caption)


def evaluate_stacked(
    dataset: Dataset, stack: Stack, sample: Sampler, count: int | None, seed: int
) -> StackedEvaluation:
    """Evaluates `sample(count, seed)`, uint8 (count, H, W, 3), by the modes that they cover.

    `count` is 10,000 by default, and at most the number of training images. The classifier is that of the stacked
    dataset, from the cache or trained now; UsageError is raised if it cannot be trained.
    """
    count = min(count or _COUNT, len(dataset.train))
    classifier = cached_classifier(stack.base)
    expected = _mode_shares(stack.base)

    def figures(images: np.ndarray) -> dict[str, Any]:
        coverage = label_coverage(modes_of(classifier, images), expected)
        return {"modes_covered": coverage.covered, "kl": coverage.kl}

    return StackedEvaluation(
        dataset=dataset.name,
        count=count,
        modes=len(dataset.classes),
        classifier_accuracy=classifier.accuracy,
        **beside_real(figures, sample(count, seed), pick_subset(dataset.train.images, count)),
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
