"""How many modes stacked images cover, in the eyes of a classifier of the images that are stacked."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from rich.console import Console

from gan_jax.data.batching import take
from gan_jax.data.dataset import Dataset, Images, Stack
from gan_jax.metrics.classifier import Classifier, cached_classifier, subset
from gan_jax.metrics.modes import label_coverage
from gan_jax.tables import print_beside_real

_COUNT = 10_000


@dataclass(frozen=True)
class StackedEvaluation:
    """Stacked samples. `..._real` is the same figure of as many training images, classified too.

    Attributes:
      dataset: its name.
      count: how many samples. It matters: the papers take 26,000.
      modes: how many there are.
      classifier_accuracy: share of held-out images of the base that the classifier gets right; three right ones make a
        right mode.
      modes_covered, kl: see `metrics.modes.LabelCoverage`. The expected shares are those that triples of the base's
        training images have.
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
    dataset: Dataset, stack: Stack, sample: Callable[[int, int], np.ndarray], count: int | None, seed: int
) -> StackedEvaluation:
    """Evaluates `sample(count, seed)`, uint8 (count, H, W, 3); 10,000 unless `count` is given.

    The classifier is that of the dataset that is stacked, cached or trained now. Raises UsageError as it does.
    """
    count = min(count or _COUNT, len(dataset.train))
    classifier = cached_classifier(stack.base)
    shares = _shares(stack.base)
    real_images = take(dataset.train, subset(len(dataset.train), count))["image"]
    samples = label_coverage(modes_of(classifier, sample(count, seed)), shares)
    real = label_coverage(modes_of(classifier, real_images), shares)
    return StackedEvaluation(
        dataset=dataset.name,
        count=count,
        modes=len(dataset.classes),
        classifier_accuracy=classifier.accuracy,
        modes_covered=samples.covered,
        modes_covered_real=real.covered,
        kl=samples.kl,
        kl_real=real.kl,
    )


def modes_of(classifier: Classifier, images: np.ndarray) -> np.ndarray:
    """The labels, int (N,), of stacked images uint8 (N, H, W, 3), by what the classifier sees in each channel."""
    channels: Images = np.moveaxis(images, -1, 0).reshape(-1, *images.shape[1:3], 1)
    red, green, blue = classifier.probabilities(channels).argmax(axis=1).reshape(3, -1)
    return (red * classifier.classes + green) * classifier.classes + blue


def _shares(base: Dataset) -> np.ndarray:
    """Of the modes among random triples of the base's training images: (classes^3,)."""
    labels = np.asarray(base.train.labels)
    one = np.bincount(labels, minlength=len(base.classes)) / len(labels)
    return np.einsum("r,g,b->rgb", one, one, one).ravel()
