"""Coverage of modes: how much of the data a collapsed generator misses, if the modes of the data are known."""

from typing import NamedTuple

import numpy as np

# A point is of high quality within this many standard deviations of its nearest mode.
_NEAR = 3


class MixtureCoverage(NamedTuple):
    """How well points cover a mixture of Gaussians.

    covered: the number of modes with at least one point of high quality.
    high_quality: the share of points of high quality, those within 3 standard deviations of their nearest mode. Points
        of the mixture itself have 1 - exp(-9 / 2) = 98.9% in the plane.
    reverse_kl: KL(points || mixture) of the shares of the modes in nats. Each point counts for its nearest mode.
    """

    covered: int
    high_quality: float
    reverse_kl: float


def mixture_coverage(points: np.ndarray, means: np.ndarray, deviation: float) -> MixtureCoverage:
    """The coverage of a mixture by points (N, D), N at least 1.

    The mixture has equal shares of M round Gaussians with `means` (M, D) and one standard `deviation`.

    Source: Lin et al., "PacGAN" (arXiv 1712.04086), section 4.1; Srivastava et al., "VEEGAN" (arXiv 1705.07761).

    >>> from gan_jax.evaluation.metrics import mixture_coverage
    >>> ring = data.load("ring", resolution=1).origin
    >>> collapsed = mixture_coverage(np.tile(ring.means[:1], (100, 1)), ring.means, ring.deviation)
    >>> collapsed.covered, collapsed.high_quality, round(collapsed.reverse_kl, 3)  # log 8 is 2.079
    (1, 1.0, 2.079)
    """
    points, means = np.asarray(points, np.float64), np.asarray(means, np.float64)
    distances = np.linalg.norm(points[:, None] - means, axis=2)
    nearest = distances.argmin(axis=1)
    good = distances.min(axis=1) <= _NEAR * deviation
    counts = np.bincount(nearest, minlength=len(means))
    uniform = np.full(len(means), 1 / len(means))
    return MixtureCoverage(len(np.unique(nearest[good])), float(good.mean()), kl_divergence(counts, uniform))


class LabelCoverage(NamedTuple):
    """How well examples cover the modes of the data, if each example belongs to one mode.

    covered: the number of modes with at least one example.
    kl: KL(examples || expected) of the shares of the modes in nats.
    """

    covered: int
    kl: float


def label_coverage(labels: np.ndarray, expected: np.ndarray) -> LabelCoverage:
    """The coverage of M modes by examples.

    labels: the mode of each example, int (N,), N at least 1.
    expected: the share of each mode in the data, (M,), above 0.

    The divergence is biased upwards by about (M - 1) / 2N, so compare only figures of the same N.

    Source: Metz et al., "Unrolled GANs" (arXiv 1611.02163), section 3.3.1. A classifier decides on the modes there.

    >>> from gan_jax.evaluation.metrics import label_coverage
    >>> found = label_coverage(np.array([0, 1, 0, 1]), expected=np.full(4, 0.25))
    >>> found.covered, round(found.kl, 3)  # log 2
    (2, 0.693)
    """
    counts = np.bincount(labels, minlength=len(expected))
    return LabelCoverage(int(np.count_nonzero(counts)), kl_divergence(counts, expected))


def kl_divergence(counts: np.ndarray, expected: np.ndarray) -> float:
    """KL(p || q) = sum p log(p / q) in nats, for p = counts / sum(counts) and q = expected, both (M,)."""
    seen = counts > 0
    p, q = counts[seen] / counts.sum(), expected[seen]
    # Rounding can make a divergence of 0 slightly negative.
    return max(0.0, float(np.sum(p * np.log(p / q))))
