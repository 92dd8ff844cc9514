"""How good points are: which modes they cover if these are known, or how far they are from real points."""

from typing import Any

import numpy as np

from gan_jax.data import Dataset
from gan_jax.data.dataset import Mixture
from gan_jax.evaluation.metrics import mixture_coverage, precision_recall, sliced_wasserstein_distance
from gan_jax.evaluation.result import REAL, SAMPLES, Evaluation, FigureTable, flat
from gan_jax.evaluation.sampler import Sampler
from gan_jax.evaluation.subsets import pick_subset

# The number that the sources of `mixture_coverage` use. With more samples, a mode is covered more easily.
_MIXTURE_COUNT = 2500
_COUNT = 5000

# With fewer samples of high quality, the number of modes covered says little, and the report says so.
_HALF = 0.5


def evaluate_mixture(dataset: Dataset, mixture: Mixture, sample: Sampler, count: int | None, seed: int) -> Evaluation:
    """Evaluates `sample(count, seed)`, points (count, D), by the modes of the mixture. `count` is 2,500 by default.

    The figures are those of `metrics.modes.MixtureCoverage`, of samples and of as many training points.
    """
    count = count or _MIXTURE_COUNT

    def figures(points: np.ndarray) -> dict[str, Any]:
        coverage = mixture_coverage(points, mixture.means, mixture.deviation)
        return {
            "modes_covered": coverage.covered,
            "high_quality": coverage.high_quality,
            "reverse_kl": coverage.reverse_kl,
        }

    samples = np.asarray(sample(count, seed))
    columns = {SAMPLES: figures(samples), REAL: figures(pick_subset(dataset.train.images, count))}
    modes, good = len(mixture.means), columns[SAMPLES]["high_quality"]
    caption = None
    if columns[SAMPLES]["modes_covered"] and good < _HALF:
        caption = f"One sample covers a mode, and only {good:.1%} of the samples are near any mode"
    title = f"{count} samples, and as many real training points, of {dataset.name}"
    return Evaluation(
        settings={"dataset": dataset.name, "count": count, "modes": modes},
        figures=flat(columns),
        measures=("modes_covered", "high_quality", "reverse_kl"),
        parts=(FigureTable(title, columns, caption, {"modes_covered": f"modes covered, of {modes}"}),),
    )


def evaluate_points(dataset: Dataset, sample: Sampler, count: int | None, seed: int) -> Evaluation:
    """Compares `sample(count, seed)`, points (count, 2), and as many training points, with as many held-out points.

    `count` is 5,000 by default, and at most the number of training and of held-out points. Precision and recall are
    measured with the points as features. Raises UsageError for points that do not lie in the plane, and for fewer than
    4 of them.
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

    samples = np.asarray(sample(count, seed))
    columns = {SAMPLES: figures(samples), REAL: figures(pick_subset(dataset.train.images, count))}
    title = f"{count} samples, and as many real training points, against held-out points of {dataset.name}"
    return Evaluation(
        settings={"dataset": dataset.name, "count": count},
        figures=flat(columns),
        measures=("sliced_wasserstein", "precision", "recall"),
        parts=(FigureTable(title, columns),),
    )
