"""Which classes samples have, according to a classifier of real images, and whether these are their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console

from gan_jax.data import Dataset
from gan_jax.evaluation.features import Features, cached_classifier, softmax
from gan_jax.evaluation.looked_at import LookedAt, look_at
from gan_jax.evaluation.options import Watch
from gan_jax.evaluation.result import HELD_OUT, REAL, SAMPLES, Part
from gan_jax.reporting import print_table

_MOST_ROWS = 20


@dataclass(frozen=True)
class ClassShares:
    """The shares of images that a classifier assigns to each class.

    classes: the names of the classes.
    of_samples, of_real: the shares of samples and of real training images.
    """

    classes: tuple[str, ...]
    of_samples: Sequence[float]
    of_real: Sequence[float]

    def report(self, console: Console) -> None:
        """Prints the shares as a table."""
        rows = list(zip(self.classes, self.of_samples, self.of_real, strict=True))
        title = "Share of images per class, as classified"
        if len(rows) > _MOST_ROWS:
            title += f": the {_MOST_ROWS} of {len(rows)} classes that differ most"
            rows = sorted(rows, key=lambda row: -abs(row[1] - row[2]))[:_MOST_ROWS]
        texts = [(name, f"{share:.1%}", f"{real:.1%}") for name, share, real in rows]
        print_table(title, ("class", SAMPLES, REAL), texts, console)


class Judged(NamedTuple):
    """What a classifier says of the classes of images: figures for columns, other figures, and parts of the report."""

    columns: dict[str, dict[str, Any]]
    figures: dict[str, Any]
    parts: tuple[Part, ...]


def judge_classes(
    dataset: Dataset, features: Features, samples: LookedAt, train: LookedAt, held_out: LookedAt, watch: Watch
) -> Judged:
    """Lets the dataset's classifier tell the classes of samples and of real images.

    features: what has seen the images. They need not be seen again if it is the classifier.

    For each column the figures are `confidence`, the mean of the classifier's highest probability, which is low if
    images belong to no class, and `class_shares`, the share of images that it assigns to each class. If the samples
    have labels, there is their `class_accuracy` too.
    """
    classifier = cached_classifier(dataset)

    def probabilities(images: LookedAt, what: str) -> np.ndarray:
        if features.version != classifier.features.version:
            images = look_at(classifier.features, images.images, watch, f"classes of {what}")
        return softmax(images.seen.logits)

    found = {
        name: probabilities(images, name) for name, images in ((SAMPLES, samples), (REAL, train), (HELD_OUT, held_out))
    }
    columns = {
        name: {"confidence": float(each.max(axis=1).mean()), "class_shares": _class_shares(each)}
        for name, each in found.items()
    }
    shares = (columns[name]["class_shares"] for name in (SAMPLES, REAL))
    figures = {"classes": list(dataset.classes), "classifier_accuracy": classifier.accuracy}
    parts: tuple[Part, ...] = (ClassShares(dataset.classes, *shares),)
    if samples.labels is not None and held_out.labels is not None:
        accuracy = class_accuracy(
            (samples.labels, found[SAMPLES].argmax(axis=1)),
            (held_out.labels, found[HELD_OUT].argmax(axis=1)),
            dataset.classes,
        )
        figures |= accuracy.figures()
        parts = (*parts, accuracy)
    return Judged(columns, figures, parts)


@dataclass(frozen=True)
class ClassAccuracy:
    """The shares of samples and of held-out images that a classifier assigns to their own class.

    A high accuracy says that samples look like their class. It does not say that they are varied or realistic: the same
    image again and again can have an accuracy of 1.

    Attributes:
      classes: the names of the classes.
      of_samples, of_held_out: the share for each class, or None for a class without images.
    """

    classes: tuple[str, ...]
    of_samples: tuple[float | None, ...]
    of_held_out: tuple[float | None, ...]

    def figures(self) -> dict[str, Any]:
        """The means over the classes, and the shares of each, by name."""
        return {
            "class_accuracy": _mean(self.of_samples),
            "class_accuracy_held_out": _mean(self.of_held_out),
            "class_accuracies": list(self.of_samples),
            "class_accuracies_held_out": list(self.of_held_out),
        }

    def report(self, console: Console) -> None:
        """Prints the shares as a table, whose first row is the mean over the classes."""
        rows = list(zip(self.classes, self.of_samples, self.of_held_out, strict=True))
        title = "Share of images that are classified as their own class"
        if len(rows) > _MOST_ROWS:
            rows = sorted(rows, key=lambda row: np.inf if row[1] is None else row[1])[:_MOST_ROWS]
            title += f": the {_MOST_ROWS} lowest of {len(self.classes)} classes"
        rows.insert(0, ("mean over classes", _mean(self.of_samples), _mean(self.of_held_out)))
        texts = [(name, *("" if share is None else f"{share:.1%}" for share in shares)) for name, *shares in rows]
        print_table(title, ("class", SAMPLES, HELD_OUT), texts, console)


def class_accuracy(
    sampled: tuple[np.ndarray, np.ndarray], held_out: tuple[np.ndarray, np.ndarray], classes: tuple[str, ...]
) -> ClassAccuracy:
    """The accuracy of a classifier on samples and on held-out images.

    sampled, held_out: the classes that the images are of and those that the classifier assigns them to, both int (N,)
        and below the number of classes. Images whose own class is unknown, and negative, do not count.

    Sources: Odena et al. (arXiv 1610.09585), section 4.1, measure it with an Inception network, and Shmelkov et al.
    (arXiv 1807.09499) call it GAN-test. The converse, a classifier that is trained on samples and tested on real
    images, is the classification accuracy score of Ravuri and Vinyals (arXiv 1905.10887).
    """
    count = len(classes)
    return ClassAccuracy(classes, _shares(*sampled, count), _shares(*held_out, count))


def _class_shares(probabilities: np.ndarray) -> list[float]:
    counts = np.bincount(probabilities.argmax(axis=1), minlength=probabilities.shape[1])
    return (counts / len(probabilities)).tolist()


def _shares(own: np.ndarray, assigned: np.ndarray, classes: int) -> tuple[float | None, ...]:
    known = own >= 0
    counts = np.bincount(own[known], minlength=classes)
    right = np.bincount(own[known & (own == assigned)], minlength=classes)
    return tuple(float(r / n) if n else None for r, n in zip(right, counts, strict=True))


def _mean(shares: tuple[float | None, ...]) -> float | None:
    found = [share for share in shares if share is not None]
    return float(np.mean(found)) if found else None
