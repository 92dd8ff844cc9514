"""How generated features and real ones lie among each other: precision and recall, density and coverage."""

from typing import Any, NamedTuple

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.evaluation.metrics.moments import NOT_FINITE
from gan_jax.evaluation.metrics.neighbors import Points, are_within, neighbor_radii, pairs_within

# The numbers of neighbours that the papers recommend.
PRECISION_NEIGHBORS, DENSITY_NEIGHBORS = 3, 5


class Manifolds(NamedTuple):
    """Precision, recall and coverage, each in [0, 1], and density, which is at least 0."""

    precision: float
    recall: float
    density: float
    coverage: float


class Neighborhoods:
    """Features (N, d), each with balls that reach to its k-th nearest other feature, for the given numbers k.

    Raises UsageError for too few features, and for features that are not finite.
    """

    def __init__(self, features: Any, ks: tuple[int, ...] = (PRECISION_NEIGHBORS, DENSITY_NEIGHBORS)):
        features = np.asarray(features)
        if features.ndim != 2:
            raise UsageError(f"neighbours need features (N, d), not {features.shape}")
        if len(features) <= max(ks):
            raise UsageError(f"neighbours with k={max(ks)} need at least {max(ks) + 1} rows, not {len(features)}")
        if not np.isfinite(features).all():
            raise UsageError(NOT_FINITE)
        self.features, self.centre = features, np.asarray(np.mean(features, axis=0, dtype=np.float64))
        self.points = Points(features, self.centre)
        self.radii = neighbor_radii(self.points, ks)


def manifold_measures(real: Neighborhoods, fake: Any) -> Manifolds:
    """Precision and recall with k = 3, and density and coverage with k = 5, of fake features (M, d).

    See `precision_recall` and `density_coverage`. All of them depend on the numbers of features, so compare only
    figures of the same numbers. Raises UsageError for fewer than 4 fake features, and for other numbers of columns.

    >>> from gan_jax.evaluation.metrics import Neighborhoods, manifold_measures
    >>> real = np.random.default_rng(0).normal(size=(100, 2))
    >>> known = Neighborhoods(real)  # once for many sets of fake features
    >>> manifold_measures(known, real + 100)
    Manifolds(precision=0.0, recall=0.0, density=0.0, coverage=0.0)
    >>> manifold_measures(known, real).coverage
    1.0
    """
    k, many = PRECISION_NEIGHBORS, DENSITY_NEIGHBORS
    near = _Near(real, fake, k, max(k, many))
    return Manifolds(*near.precision_recall(k), *near.density_coverage(many))


def precision_recall(real: Any, fake: Any, k: int = PRECISION_NEIGHBORS) -> tuple[float, float]:
    """Improved precision and recall, each in [0, 1], of fake features (M, d) against real features (N, d).

    The manifold of a set is the union of balls, one around each point, which reach to its k-th nearest other point.
    Precision is the share of fake points in the real manifold, and recall is the share of real points in the fake
    manifold. Both depend on the sizes of the sets, so compare only figures of the same sizes.

    Source: Kynkaanniemi et al. 2019 (arXiv 1904.06991), eqs. 1 and 2.
    Raises UsageError for k or fewer rows, for features that are not finite, or if the sets have different numbers of
    columns.

    >>> from gan_jax.evaluation.metrics import precision_recall
    >>> line = np.arange(10.0)[:, None]
    >>> precision_recall(line, line[:5], k=1)  # samples that are all real, from one half of the line
    (1.0, 0.6)
    """
    return _Near(Neighborhoods(real, (k,)), fake, k, k).precision_recall(k)


def density_coverage(real: Any, fake: Any, k: int = DENSITY_NEIGHBORS) -> tuple[float, float]:
    """Density, at least 0, and coverage, in [0, 1], of fake features (M, d) against real features (N, d).

    Around each real point is a ball that reaches to its k-th nearest other real point. Density is the number of balls
    that a fake point lies in, as a mean over fake points, divided by k. Coverage is the share of balls with at least
    one fake point. Unlike precision, density is not fooled by the large ball of a single outlier among the real images,
    and unlike recall, coverage needs no balls around fake points. As many other real points as there are in the first
    set have a density of 1 and a coverage of 1 - 2^-k, on average and for many points.

    Source: Naeem et al. 2020, "Reliable fidelity and diversity metrics for generative models" (arXiv 2002.09797),
    eqs. 3 and 4, and appendix B.
    Raises UsageError as `precision_recall` does, but one fake feature is enough.

    >>> from gan_jax.evaluation.metrics import density_coverage
    >>> line = np.arange(10.0)[:, None]
    >>> density_coverage(line, line[:5] + 0.1, k=1)  # each lies in two balls, and these are 6 of the 10
    (2.0, 0.6)
    """
    return _Near(Neighborhoods(real, (k,)), fake, None, k).density_coverage(k)


class _Near:
    """The pairs of a real and a fake point of which one may lie in a ball around the other.

    k: the number of neighbours of the balls around fake points, or None for no such balls.
    most: the largest number of neighbours of the balls around real points.
    """

    def __init__(self, real: Neighborhoods, fake: Any, k: int | None, most: int):
        fake = np.asarray(fake)
        if fake.ndim != 2 or fake.shape[1] != real.features.shape[1]:
            raise UsageError(
                f"precision and recall need features (N, d) and (M, d), not {real.features.shape} and {fake.shape}"
            )
        self._real, self._radii = real, Neighborhoods(fake, (k,)).radii if k else {}
        # Both sets around the same centre.
        self._points = Points(fake, real.centre)
        reach = self._radii[k] if k else np.full(len(fake), -1.0)
        self._pairs = pairs_within(real.points, self._points, real.radii[most], reach)

    def precision_recall(self, k: int) -> tuple[float, float]:
        i, j = self._pairs.i, self._pairs.j
        in_real, in_fake = self._within(self._real.radii[k][i]), self._within(self._radii[k][j])
        return _share(j[in_real], self._points), _share(i[in_fake], self._real.points)

    def density_coverage(self, k: int) -> tuple[float, float]:
        inside = self._within(self._real.radii[k][self._pairs.i])
        density = np.count_nonzero(inside) / (k * len(self._points))
        return float(density), _share(self._pairs.i[inside], self._real.points)

    def _within(self, reach: np.ndarray) -> np.ndarray:
        return are_within(self._real.points, self._points, self._pairs, reach)


def _share(rows: np.ndarray, points: Points) -> float:
    """The share of the points whose row is among `rows`."""
    return len(np.unique(rows)) / len(points)
