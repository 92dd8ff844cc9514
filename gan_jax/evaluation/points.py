"""How good points are: which modes they cover if these are known, or how far they are from real points."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console

from gan_jax.data import Dataset
from gan_jax.data.dataset import Mixture
from gan_jax.evaluation.beside_real import Sampler, beside_real
from gan_jax.evaluation.metrics import mixture_coverage, precision_recall, sliced_wasserstein_distance
from gan_jax.evaluation.subsets import pick_subset
from gan_jax.reporting import print_beside_real

# The number that the sources of `mixture_coverage` use. With more samples, a mode is covered more easily.
_MIXTURE_COUNT = 2500
_COUNT = 5000

# With fewer samples of high quality, the number of modes covered says little, and the report says so.
_HALF = 0.5


@dataclass(frozen=True)
class MixtureEvaluation:
    """Figures of samples of a mixture of Gaussians. Those named `..._real` are the figures of as many training points.

    Attributes:
      dataset: the name of the dataset.
      count: the number of samples.
      modes: the number of modes of the mixture.
      modes_covered, high_quality, reverse_kl: see `metrics.modes.MixtureCoverage`.
    """

    dataset: str
    count: int
    modes: int
    modes_covered: int
    modes_covered_real: int
    high_quality: float
    high_quality_real: float
    reverse_kl: float
    reverse_kl_real: float

    def to_json(self) -> dict[str, object]:
        return {**dataclasses.asdict(self), "measures": ["modes_covered", "high_quality", "reverse_kl"]}

    def report(self, console: Console) -> None:
        rows = [
            (f"modes covered, of {self.modes}", str(self.modes_covered), str(self.modes_covered_real)),
            ("within 3 deviations of a mode", f"{self.high_quality:.1%}", f"{self.high_quality_real:.1%}"),
            ("reverse KL of the modes, lower is better", f"{self.reverse_kl:.3g}", f"{self.reverse_kl_real:.3g}"),
        ]
        title = f"{self.count} samples, and as many real training points, of {self.dataset}"
        caption = None
        if self.modes_covered and self.high_quality < _HALF:
            caption = f"One sample covers a mode, and only {self.high_quality:.1%} of the samples are near any mode"
        print_beside_real(title, rows, console, caption)


def evaluate_mixture(
    dataset: Dataset, mixture: Mixture, sample: Sampler, count: int | None, seed: int
) -> MixtureEvaluation:
    """Evaluates `sample(count, seed)`, points (count, D), by the modes of the mixture. `count` is 2,500 by default."""
    count = count or _MIXTURE_COUNT

    def figures(points: np.ndarray) -> dict[str, Any]:
        coverage = mixture_coverage(points, mixture.means, mixture.deviation)
        return {
            "modes_covered": coverage.covered,
            "high_quality": coverage.high_quality,
            "reverse_kl": coverage.reverse_kl,
        }

    return MixtureEvaluation(
        dataset=dataset.name,
        count=count,
        modes=len(mixture.means),
        **beside_real(figures, sample(count, seed), pick_subset(dataset.train.images, count)),
    )


@dataclass(frozen=True)
class PointEvaluation:
    """Figures of samples against held-out points. Those named `..._real` are the figures of training points.

    Attributes:
      dataset: the name of the dataset.
      count: the number of samples, of training points and of held-out points.
      sliced_wasserstein: the distance of `metrics.wasserstein`. Lower is better.
      precision, recall: those of `metrics.precision_recall`, with the points as features. Higher is better.
    """

    dataset: str
    count: int
    sliced_wasserstein: float
    sliced_wasserstein_real: float
    precision: float
    precision_real: float
    recall: float
    recall_real: float

    def to_json(self) -> dict[str, object]:
        return {**dataclasses.asdict(self), "measures": ["sliced_wasserstein", "precision", "recall"]}

    def report(self, console: Console) -> None:
        distances = f"{self.sliced_wasserstein:.4g}", f"{self.sliced_wasserstein_real:.4g}"
        rows = [
            ("sliced Wasserstein distance, lower is better", *distances),
            ("precision, higher is better", f"{self.precision:.3f}", f"{self.precision_real:.3f}"),
            ("recall, higher is better", f"{self.recall:.3f}", f"{self.recall_real:.3f}"),
        ]
        title = f"{self.count} samples, and as many real training points, against held-out points of {self.dataset}"
        print_beside_real(title, rows, console)


def evaluate_points(dataset: Dataset, sample: Sampler, count: int | None, seed: int) -> PointEvaluation:
    """Compares `sample(count, seed)`, points (count, 2), with as many held-out points.

    `count` is 5,000 by default, and at most the number of training and of held-out points. Raises UsageError for points
    that do not lie in the plane, and for fewer than 4 of them.
    """
    count = min(count or _COUNT, len(dataset.train), len(dataset.test))
    held_out = pick_subset(dataset.test.images, count)

    def figures(points: np.ndarray) -> dict[str, Any]:
        precision, recall = precision_recall(held_out, points)
        return {
            "sliced_wasserstein": sliced_wasserstein_distance(points, held_out),
            "precision": precision,
            "recall": recall,
        }

    return PointEvaluation(
        dataset=dataset.name,
        count=count,
        **beside_real(figures, sample(count, seed), pick_subset(dataset.train.images, count)),
    )
