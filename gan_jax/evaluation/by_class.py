"""Whether the samples of a conditional game look like their classes, according to a classifier of real images."""

from dataclasses import dataclass

import numpy as np
from rich.console import Console

from gan_jax.reporting import print_table

_MOST_ROWS = 20


@dataclass(frozen=True)
class ClassAccuracy:
    """The shares of samples and of held-out images that a classifier assigns to their own class.

    A high accuracy says that samples look like their class. It does not say that they are varied or realistic: the same
    image again and again can have an accuracy of 1.

    Attributes:
      of_samples, of_held_out: the share for each class, or None for a class without images.
    """

    of_samples: tuple[float | None, ...]
    of_held_out: tuple[float | None, ...]

    def to_json(self) -> dict[str, object]:
        """The means over the classes, and the shares of each, by name."""
        return {
            "class_accuracy": _mean(self.of_samples),
            "class_accuracy_held_out": _mean(self.of_held_out),
            "class_accuracies": list(self.of_samples),
            "class_accuracies_held_out": list(self.of_held_out),
        }

    def report(self, classes: tuple[str, ...], console: Console) -> None:
        """Prints the shares as a table, whose first row is the mean over the classes."""
        rows = list(zip(classes, self.of_samples, self.of_held_out, strict=True))
        title = "Share of images that are classified as their own class"
        if len(rows) > _MOST_ROWS:
            rows = sorted(rows, key=lambda row: np.inf if row[1] is None else row[1])[:_MOST_ROWS]
            title += f": the {_MOST_ROWS} lowest of {len(classes)} classes"
        rows.insert(0, ("mean over classes", _mean(self.of_samples), _mean(self.of_held_out)))
        texts = [(name, *("" if share is None else f"{share:.1%}" for share in shares)) for name, *shares in rows]
        print_table(title, ("class", "samples", "real: held-out"), texts, console)


def class_accuracy(
    sampled: tuple[np.ndarray, np.ndarray], held_out: tuple[np.ndarray, np.ndarray], classes: int
) -> ClassAccuracy:
    """The accuracy of a classifier on samples and on held-out images.

    sampled, held_out: the classes that the images are of and those that the classifier assigns them to, both int (N,)
        and below `classes`. Images whose own class is unknown, and negative, do not count.

    Sources: Odena et al. (arXiv 1610.09585), section 4.1, measure it with an Inception network, and Shmelkov et al.
    (arXiv 1807.09499) call it GAN-test. The converse, a classifier that is trained on samples and tested on real
    images, is the classification accuracy score of Ravuri and Vinyals (arXiv 1905.10887).
    """
    return ClassAccuracy(_shares(*sampled, classes), _shares(*held_out, classes))


def _shares(own: np.ndarray, assigned: np.ndarray, classes: int) -> tuple[float | None, ...]:
    known = own >= 0
    counts = np.bincount(own[known], minlength=classes)
    right = np.bincount(own[known & (own == assigned)], minlength=classes)
    return tuple(float(r / n) if n else None for r, n in zip(right, counts, strict=True))


def _mean(shares: tuple[float | None, ...]) -> float | None:
    found = [share for share in shares if share is not None]
    return float(np.mean(found)) if found else None
