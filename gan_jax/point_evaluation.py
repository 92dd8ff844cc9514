"""How good points are: the modes that they cover where these are known, else their distance from real points."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from rich.console import Console

from gan_jax.data.batching import take
from gan_jax.data.dataset import Dataset, Mixture, Split
from gan_jax.metrics.classifier import subset
from gan_jax.metrics.modes import mixture_coverage
from gan_jax.metrics.precision_recall import precision_recall
from gan_jax.metrics.wasserstein import sliced_wasserstein_distance
from gan_jax.tables import print_beside_real

# As many as the papers take that `mixture_coverage` names: the more there are, the easier a mode is covered.
_MIXTURE_COUNT = 2500
_COUNT = 5000


@dataclass(frozen=True)
class MixtureEvaluation:
    """Samples on a mixture of Gaussians. `..._real` is the same figure of as many training points.

    Attributes:
      dataset: its name.
      count: how many samples.
      modes: how many there are.
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
        print_beside_real(f"{self.count} samples, and as many real training points, of {self.dataset}", rows, console)


def evaluate_mixture(
    dataset: Dataset, mixture: Mixture, sample: Callable[[int, int], np.ndarray], count: int | None, seed: int
) -> MixtureEvaluation:
    """Evaluates `sample(count, seed)`, points (count, D), on the mixture; 2,500 unless `count` is given."""
    count = count or _MIXTURE_COUNT
    samples = mixture_coverage(sample(count, seed), mixture.means, mixture.deviation)
    real = mixture_coverage(_some(dataset.train, count), mixture.means, mixture.deviation)
    return MixtureEvaluation(
        dataset=dataset.name,
        count=count,
        modes=len(mixture.means),
        modes_covered=samples.covered,
        modes_covered_real=real.covered,
        high_quality=samples.high_quality,
        high_quality_real=real.high_quality,
        reverse_kl=samples.reverse_kl,
        reverse_kl_real=real.reverse_kl,
    )


@dataclass(frozen=True)
class PointEvaluation:
    """Samples beside held-out points. `..._real` is the same figure with training points in the samples' place.

    Attributes:
      dataset: its name.
      count: how many samples, training and held-out points.
      sliced_wasserstein: distance, see `metrics.wasserstein`. Lower is better.
      precision, recall: see `metrics.precision_recall`, of the points themselves. Higher is better.
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


def evaluate_points(
    dataset: Dataset, sample: Callable[[int, int], np.ndarray], count: int | None, seed: int
) -> PointEvaluation:
    """Compares `sample(count, seed)`, points (count, 2), with as many held-out ones; 5,000 unless `count` is given."""
    count = min(count or _COUNT, len(dataset.train), len(dataset.test))
    held_out, train, samples = _some(dataset.test, count), _some(dataset.train, count), sample(count, seed)
    precision, recall = precision_recall(held_out, samples)
    precision_real, recall_real = precision_recall(held_out, train)
    return PointEvaluation(
        dataset=dataset.name,
        count=count,
        sliced_wasserstein=sliced_wasserstein_distance(samples, held_out),
        sliced_wasserstein_real=sliced_wasserstein_distance(train, held_out),
        precision=precision,
        precision_real=precision_real,
        recall=recall,
        recall_real=recall_real,
    )


def _some(split: Split, count: int) -> np.ndarray:
    return take(split, subset(len(split), count))["image"]
