"""How good images are, each figure beside that of real ones.

No figure here means much alone. A Frechet distance depends on the features, and is biased by the counts; precision and
recall depend on both too. So each is taken twice, with the same classifier and the same counts: once of samples against
held-out images, and once of real training images in the samples' place. The second is what "as good as real" would be.

"Real" is a yardstick, not a bound. Where the splits have equal class proportions, all training images together match
the held-out ones a little better than independent draws could: a perfect generator is estimated to reach 1.2 times the
real Frechet distance on `digits`. A generator that copies its training images reaches 1 too: that is what the distance
to the nearest training image is for. Classifiers trained with other seeds see the same samples tens of per cent nearer
or farther in terms of "real", twice in extremes: compare runs by the cached one, as `evaluate_images` does.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from gan_jax.data.batching import take
from gan_jax.data.dataset import Dataset
from gan_jax.errors import UsageError
from gan_jax.metrics.classifier import Classifier, cached_classifier, check_labels, subset
from gan_jax.metrics.frechet import frechet_distance
from gan_jax.metrics.neighbors import nearest_distances
from gan_jax.metrics.precision_recall import precision_recall

_MOST_IMAGES = 10_000
_MOST_ROWS = 20


@dataclass(frozen=True)
class ImageEvaluation:
    """Samples beside real images. `..._real` is the same figure with real training images in the samples' place.

    Attributes:
      dataset: its name.
      count: how many samples, and how many training images, are compared with the held-out ones.
      held_out_count: how many held-out images.
      classifier_accuracy: share of held-out images that the classifier gets right; if low, trust nothing below.
      frechet_distance: between the features of samples and of held-out images. Lower is better.
      precision: share of samples among the held-out images in feature space: are they realistic? Higher is better.
      recall: share of held-out images among the samples in feature space: is everything covered? Higher is better.
      confidence: the classifier's mean highest probability: low where samples belong to no class.
      nearest_training_distance: mean feature distance from a sample to the nearest of the `count` training images.
        Well below that of held-out images, which were not trained on: the generator copies.
      class_shares: share of samples that the classifier puts in each class. `class_shares_real` is that of training
        images, as classified too.
      classes: the names of the classes.
    """

    dataset: str
    count: int
    held_out_count: int
    classifier_accuracy: float
    frechet_distance: float
    frechet_distance_real: float
    precision: float
    precision_real: float
    recall: float
    recall_real: float
    confidence: float
    confidence_real: float
    confidence_held_out: float
    nearest_training_distance: float
    nearest_training_distance_held_out: float
    class_shares: tuple[float, ...]
    class_shares_real: tuple[float, ...]
    classes: tuple[str, ...]

    @property
    def frechet_ratio(self) -> float | None:
        """How many times as far from held-out images as real training images are. None if those are not apart."""
        return self.frechet_distance / self.frechet_distance_real if self.frechet_distance_real else None

    def to_json(self) -> dict[str, object]:
        plain: dict[str, object] = dataclasses.asdict(self)
        plain["frechet_ratio"] = self.frechet_ratio
        plain["measures"] = ["frechet_ratio", "precision", "recall"]
        return {name: list(x) if isinstance(x, tuple) else x for name, x in plain.items()}

    def report(self, console: Console) -> None:
        e = self
        ratio = "" if e.frechet_ratio is None else f" ({e.frechet_ratio:.3g} x real)"
        table = Table(
            title=f"{e.count} samples, and {e.count} real training images, against {e.held_out_count} held-out images",
            caption=f"Features: a classifier of {e.dataset}, {e.classifier_accuracy:.2%} right on held-out images",
        )
        for heading in ("", "samples", "real: training", "real: held-out"):
            table.add_column(heading, justify="right" if heading else "left")
        table.add_row(
            "Frechet distance, lower is better", f"{e.frechet_distance:.4g}{ratio}", f"{e.frechet_distance_real:.4g}"
        )
        table.add_row("precision, higher is better", f"{e.precision:.3f}", f"{e.precision_real:.3f}")
        table.add_row("recall, higher is better", f"{e.recall:.3f}", f"{e.recall_real:.3f}")
        confidences = (e.confidence, e.confidence_real, e.confidence_held_out)
        table.add_row("classifier's confidence", *(f"{x:.3f}" for x in confidences))
        nearest = (e.nearest_training_distance, e.nearest_training_distance_held_out)
        table.add_row("distance to nearest training image", f"{nearest[0]:.4g}", "", f"{nearest[1]:.4g}")
        console.print(table)

        shares = list(zip(e.classes, e.class_shares, e.class_shares_real, strict=True))
        title = "Share of images per class, as classified"
        if len(shares) > _MOST_ROWS:
            shares = sorted(shares, key=lambda row: -abs(row[1] - row[2]))[:_MOST_ROWS]
            title += f": the {_MOST_ROWS} of {len(e.classes)} classes that differ most"
        table = Table(title=title)
        for heading in ("class", "samples", "real: training"):
            table.add_column(heading, justify="right" if heading != "class" else "left")
        for name, share, share_real in shares:
            table.add_row(name, f"{share:.1%}", f"{share_real:.1%}")
        console.print(table)


def evaluate_images(
    dataset: Dataset, sample: Callable[[int, int], np.ndarray], count: int | None, seed: int
) -> ImageEvaluation:
    """Evaluates `sample(count, seed)`, uint8 (count, H, W, C), with the dataset's classifier, cached or trained now.

    `count` is as many as there are training images, up to 10,000, unless given. Raises UsageError as `evaluate` does,
    before anything is trained or sampled if it can.
    """
    check_labels(dataset)
    if count is None:
        count = min(len(dataset.train), _MOST_IMAGES)
    _check_counts(dataset, count)
    classifier = cached_classifier(dataset)
    return evaluate(dataset, sample(count, seed), classifier)


def evaluate(dataset: Dataset, samples: np.ndarray, classifier: Classifier) -> ImageEvaluation:
    """Compares samples, uint8 (N, H, W, C), with the held-out images, and as many training images with them too.

    At most 10,000 images of each are used; of samples the first ones.

    Raises UsageError for samples that are not such images, or fewer than 4 samples, training or held-out images.
    """
    if samples.dtype != np.uint8 or samples.shape[1:] != dataset.image_shape:
        raise UsageError(
            f"samples are {samples.dtype} of shape {samples.shape}, but {dataset.name!r} calls for uint8 of shape "
            f"(N, {', '.join(map(str, dataset.image_shape))})"
        )
    _check_counts(dataset, len(samples))
    count = min(len(samples), len(dataset.train), _MOST_IMAGES)
    train = take(dataset.train, subset(len(dataset.train), count))["image"]
    held_out = take(dataset.test, subset(len(dataset.test), _MOST_IMAGES))["image"]

    features, probabilities = classifier.features_and_probabilities(samples[:count])
    features_real, probabilities_real = classifier.features_and_probabilities(train)
    features_held_out, probabilities_held_out = classifier.features_and_probabilities(held_out)
    precision, recall = precision_recall(features_held_out, features)
    precision_real, recall_real = precision_recall(features_held_out, features_real)
    return ImageEvaluation(
        dataset=dataset.name,
        count=count,
        held_out_count=len(held_out),
        classifier_accuracy=classifier.accuracy,
        frechet_distance=frechet_distance(features, features_held_out),
        frechet_distance_real=frechet_distance(features_real, features_held_out),
        precision=precision,
        precision_real=precision_real,
        recall=recall,
        recall_real=recall_real,
        confidence=_confidence(probabilities),
        confidence_real=_confidence(probabilities_real),
        confidence_held_out=_confidence(probabilities_held_out),
        nearest_training_distance=float(nearest_distances(features, features_real).mean()),
        nearest_training_distance_held_out=float(nearest_distances(features_held_out, features_real).mean()),
        class_shares=_class_shares(probabilities),
        class_shares_real=_class_shares(probabilities_real),
        classes=dataset.classes,
    )


def _check_counts(dataset: Dataset, count: int) -> None:
    # Precision and recall look at the third neighbour of each image among its own kind.
    for name, size in (
        ("samples", count),
        ("training images", len(dataset.train)),
        ("held-out images", len(dataset.test)),
    ):
        if size < 4:
            raise UsageError(f"evaluation needs at least 4 {name}, not {size}")


def _confidence(probabilities: np.ndarray) -> float:
    return float(probabilities.max(axis=1).mean())


def _class_shares(probabilities: np.ndarray) -> tuple[float, ...]:
    counts = np.bincount(probabilities.argmax(axis=1), minlength=probabilities.shape[1])
    return tuple(float(x) for x in counts / len(probabilities))
