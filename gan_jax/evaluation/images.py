"""How good images are, compared with real ones.

None of the figures here means much alone. A Frechet distance depends on the features and is biased by the number of
images; precision and recall depend on both too. So each figure is computed twice, with the same classifier and the same
number of images: once for samples against held-out images, and once for real training images in place of the samples.
The second value is what samples as good as real images would reach.

The real values are a yardstick, not a bound. Where the splits have equal shares of the classes, all training images
together match the held-out ones slightly better than independent draws could: on `digits`, a perfect generator is
estimated to reach 1.2 times the real Frechet distance. A generator that copies its training images reaches 1.0 times
it; the distance to the nearest training image reveals the copying. With a classifier trained from another seed, the
ratio of the same samples' distance to the real one changes by tens of per cent, and at the extremes by a factor of 2:
compare runs with the cached classifier, as `evaluate_images` does.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console

from gan_jax.common.errors import UsageError
from gan_jax.data import Dataset
from gan_jax.evaluation.beside_real import Labels, Sampler, beside_real
from gan_jax.evaluation.by_class import ClassAccuracy, class_accuracy
from gan_jax.evaluation.features import Classifier, cached_classifier, check_labels
from gan_jax.evaluation.metrics import frechet_distance, nearest_distances, precision_recall
from gan_jax.evaluation.subsets import pick_subset, take_subset
from gan_jax.reporting import print_table

_MOST_IMAGES = 10_000
_MOST_ROWS = 20


@dataclass(frozen=True)
class ImageEvaluation:
    """Figures of samples. Those named `..._real` are the same figures of training images in place of the samples.

    Attributes:
      dataset: the name of the dataset.
      count: the number of samples, and of training images, that are compared with held-out images.
      held_out_count: the number of held-out images.
      classifier_accuracy: the share of held-out images that the classifier gets right. If it is low, the figures below
        mean little.
      frechet_distance: the distance between the features of samples and of held-out images. Lower is better.
      precision: the share of samples that lie among the held-out images in feature space. It says how realistic samples
        are. Higher is better.
      recall: the share of held-out images that lie among the samples in feature space. It says how much of the data the
        samples cover. Higher is better.
      confidence: the mean of the classifier's highest probability. It is low if samples belong to no class.
      nearest_training_distance: the mean feature distance from a sample to the nearest of the `count` training images.
        If it is well below that of held-out images, which were not trained on, the generator copies.
      class_shares: the share of samples that the classifier assigns to each class.
      classes: the names of the classes.
      by_class: the share of samples that the classifier assigns to their own class, or None if they have none.
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
    by_class: ClassAccuracy | None = None

    @property
    def frechet_ratio(self) -> float | None:
        """The Frechet distance divided by that of real images; None if that of real images is 0."""
        return self.frechet_distance / self.frechet_distance_real if self.frechet_distance_real else None

    def to_json(self) -> dict[str, object]:
        plain: dict[str, object] = dataclasses.asdict(dataclasses.replace(self, by_class=None))
        del plain["by_class"]
        plain["frechet_ratio"] = self.frechet_ratio
        plain["measures"] = ["frechet_ratio", "precision", "recall"]
        if self.by_class is not None:
            plain |= self.by_class.to_json()
            plain["measures"] = ["frechet_ratio", "precision", "recall", "class_accuracy"]
        return {name: list(x) if isinstance(x, tuple) else x for name, x in plain.items()}

    def report(self, console: Console) -> None:
        self._report_figures(console)
        self._report_classes(console)
        if self.by_class is not None:
            self.by_class.report(self.classes, console)

    def _report_figures(self, console: Console) -> None:
        e = self
        ratio = "" if e.frechet_ratio is None else f" ({e.frechet_ratio:.3g} x real)"
        confidences = (f"{x:.3f}" for x in (e.confidence, e.confidence_real, e.confidence_held_out))
        nearest = f"{e.nearest_training_distance:.4g}", "", f"{e.nearest_training_distance_held_out:.4g}"
        print_table(
            f"{e.count} samples, and {e.count} real training images, against {e.held_out_count} held-out images",
            ("", "samples", "real: training", "real: held-out"),
            [
                (
                    "Frechet distance, lower is better",
                    f"{e.frechet_distance:.4g}{ratio}",
                    f"{e.frechet_distance_real:.4g}",
                ),
                ("precision, higher is better", f"{e.precision:.3f}", f"{e.precision_real:.3f}"),
                ("recall, higher is better", f"{e.recall:.3f}", f"{e.recall_real:.3f}"),
                ("classifier's confidence", *confidences),
                ("distance to nearest training image", *nearest),
            ],
            console,
            f"Features: a classifier of {e.dataset}, {e.classifier_accuracy:.2%} right on held-out images",
        )

    def _report_classes(self, console: Console) -> None:
        shares = list(zip(self.classes, self.class_shares, self.class_shares_real, strict=True))
        title = "Share of images per class, as classified"
        if len(shares) > _MOST_ROWS:
            shares = sorted(shares, key=lambda row: -abs(row[1] - row[2]))[:_MOST_ROWS]
            title += f": the {_MOST_ROWS} of {len(self.classes)} classes that differ most"
        rows = [(name, f"{share:.1%}", f"{share_real:.1%}") for name, share, share_real in shares]
        print_table(title, ("class", "samples", "real: training"), rows, console)


def evaluate_images(
    dataset: Dataset, sample: Sampler, count: int | None, seed: int, labels: Labels | None = None
) -> ImageEvaluation:
    """Evaluates `sample(count, seed)`, uint8 (count, H, W, C), with the dataset's classifier.

    labels: gives the classes that these samples are of, `labels(count, seed)`. None if they have none.

    The classifier comes from the cache, or is trained now. By default `count` is the number of training images, up to
    10,000. Raises UsageError for a dataset without labels of at least two classes, and for fewer than 4 samples,
    training or held-out images, before anything is trained or sampled; and as `evaluate` does.
    """
    check_labels(dataset)
    if count is None:
        count = min(len(dataset.train), _MOST_IMAGES)
    _check_counts(dataset, count)
    classifier = cached_classifier(dataset)
    return evaluate(dataset, sample(count, seed), classifier, None if labels is None else labels(count, seed))


def evaluate(
    dataset: Dataset, samples: np.ndarray, classifier: Classifier, labels: np.ndarray | None = None
) -> ImageEvaluation:
    """Compares samples, uint8 (N, H, W, C), and as many training images with the held-out images.

    labels: the classes that the samples are of, int (N,), or None if they have none.

    At most 10,000 images of each are used, and no more samples than there are training images: the first ones.

    Raises UsageError for samples of another type or shape, and for fewer than 4 samples, training or held-out images.
    """
    if samples.dtype != np.uint8 or samples.shape[1:] != dataset.image_shape:
        raise UsageError(
            f"samples are {samples.dtype} of shape {samples.shape}, but {dataset.name!r} calls for uint8 of shape "
            f"(N, {', '.join(map(str, dataset.image_shape))})"
        )
    _check_counts(dataset, len(samples))
    count = min(len(samples), len(dataset.train), _MOST_IMAGES)
    train, held_out = pick_subset(dataset.train.images, count), take_subset(dataset.test, _MOST_IMAGES)
    made, real = (classifier.features_and_probabilities(images) for images in (samples[:count], train))
    features_held_out, probabilities_held_out = classifier.features_and_probabilities(held_out["image"])

    def figures(seen: tuple[np.ndarray, np.ndarray]) -> dict[str, Any]:
        features, probabilities = seen
        precision, recall = precision_recall(features_held_out, features)
        return {
            "frechet_distance": frechet_distance(features, features_held_out),
            "precision": precision,
            "recall": recall,
            "confidence": _confidence(probabilities),
            "class_shares": _class_shares(probabilities),
        }

    by_class = None
    if labels is not None:
        by_class = class_accuracy(
            (labels[:count], made[1].argmax(axis=1)),
            (held_out["label"], probabilities_held_out.argmax(axis=1)),
            len(dataset.classes),
        )
    return ImageEvaluation(
        dataset=dataset.name,
        count=count,
        held_out_count=len(held_out["image"]),
        classifier_accuracy=classifier.accuracy,
        confidence_held_out=_confidence(probabilities_held_out),
        nearest_training_distance=float(nearest_distances(made[0], real[0]).mean()),
        nearest_training_distance_held_out=float(nearest_distances(features_held_out, real[0]).mean()),
        classes=dataset.classes,
        by_class=by_class,
        **beside_real(figures, made, real),
    )


def _check_counts(dataset: Dataset, count: int) -> None:
    # Precision and recall need the third nearest neighbour of each image within its own set.
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
