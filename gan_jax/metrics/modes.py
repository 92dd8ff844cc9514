"""Modes covered: what a generator that collapses leaves out, where the modes of the data are known."""

from typing import NamedTuple

import numpy as np

# How many deviations from its nearest mode a point of high quality may be.
_NEAR = 3


class MixtureCoverage(NamedTuple):
    """How points cover a mixture of Gaussians.

    covered: modes with at least one point of high quality.
    high_quality: share of the points that are of high quality: within 3 deviations of their nearest mode. Of the
        mixture itself, in the plane, 1 - exp(-9 / 2) = 98.9% are.
    reverse_kl: KL(points || mixture) of the shares of the modes, every point counted with its nearest. In nats.
    """

    covered: int
    high_quality: float
    reverse_kl: float


def mixture_coverage(points: np.ndarray, means: np.ndarray, deviation: float) -> MixtureCoverage:
    """Of points (N, D), N at least 1, over Gaussians in equal shares, with means (M, D) and one deviation.

    Source: Lin et al., "PacGAN" (arXiv 1712.04086), section 4.1; Srivastava et al., "VEEGAN" (arXiv 1705.07761).
    """
    points, means = np.asarray(points, np.float64), np.asarray(means, np.float64)
    distances = np.linalg.norm(points[:, None] - means, axis=2)
    nearest = distances.argmin(axis=1)
    good = distances.min(axis=1) <= _NEAR * deviation
    counts = np.bincount(nearest, minlength=len(means))
    uniform = np.full(len(means), 1 / len(means))
    return MixtureCoverage(len(np.unique(nearest[good])), float(good.mean()), kl_divergence(counts, uniform))


class LabelCoverage(NamedTuple):
    """How examples, each in one mode, cover all modes.

    covered: modes with at least one example.
    kl: KL(examples || expected) of the shares of the modes. In nats.
    """

    covered: int
    kl: float


def label_coverage(labels: np.ndarray, expected: np.ndarray) -> LabelCoverage:
    """Of the modes int (N,), N at least 1, in which examples are, where `expected` (M,) are the real shares, above 0.

    The divergence is biased upwards, by about (M - 1) / 2N: compare only figures of the same N.

    Source: Metz et al., "Unrolled GANs" (arXiv 1611.02163), section 3.3.1, with a classifier's word for the modes.
    """
    counts = np.bincount(labels, minlength=len(expected))
    return LabelCoverage(int(np.count_nonzero(counts)), kl_divergence(counts, expected))


def kl_divergence(counts: np.ndarray, expected: np.ndarray) -> float:
    """KL(p || q) = sum p log(p / q) in nats, for p the shares that `counts` (M,) make and q = expected (M,)."""
    there = counts > 0
    p, q = counts[there] / counts.sum(), expected[there]
    # Rounding may leave a negative zero's worth; a divergence is not negative.
    return max(0.0, float(np.sum(p * np.log(p / q))))
