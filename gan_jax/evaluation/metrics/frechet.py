"""The Frechet distance between two sets of features."""

from typing import Any

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.evaluation.metrics.moments import NOT_FINITE, Moments, moments_of

_EPSILON = np.finfo(np.float64).eps


def frechet_distance(a: Any, b: Any) -> float:
    """The squared 2-Wasserstein distance between Gaussians fitted to `a` and `b`. It is 0 if their moments agree.

        |mu_a - mu_b|^2 + Tr(S_a + S_b - 2 (S_a S_b)^(1/2))

    `a` and `b` are features (N, d) and (M, d) of any real dtype. The computation is in float64, with unbiased
    covariances, which may be singular (fewer rows than columns, a constant feature). The estimate is biased upwards,
    and more so with fewer rows, so compare only distances between sets of the same sizes.

    Source: Heusel et al. 2017 (arXiv 1706.08500), eq. 6; Dowson and Landau 1982.
    Raises UsageError for fewer than 2 rows, for features that are not finite, and if `a` and `b` have different numbers
    of columns.

    >>> from gan_jax.evaluation.metrics import frechet_distance
    >>> real = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
    >>> round(frechet_distance(real, real + [3.0, 0.0]), 3)  # the squared distance of the means
    9.0
    >>> round(frechet_distance(real, 2 * real), 3)  # 2 of the means, and 8/3 of the deviations
    4.667
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise UsageError(f"the Frechet distance needs features (N, d) and (M, d), not {a.shape} and {b.shape}")
    if min(len(a), len(b)) < 2:
        raise UsageError(f"the Frechet distance needs at least 2 rows each, not {len(a)} and {len(b)}")
    return _distance(*(_of_few(x) if len(x) <= x.shape[1] else _of_moments(moments_of(x)) for x in (a, b)))


def frechet_distance_of_moments(a: Moments, b: Moments) -> float:
    """The `frechet_distance` of features with these moments.

    >>> from gan_jax.evaluation.metrics import frechet_distance_of_moments, moments_of
    >>> real = moments_of(np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]]))  # once for many comparisons
    >>> fakes = [np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]]) + shift for shift in (1.0, 2.0)]
    >>> [round(frechet_distance_of_moments(real, moments_of(fake)), 3) for fake in fakes]
    [2.0, 8.0]
    """
    return _distance(_of_moments(a), _of_moments(b))


def _distance(a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray, np.ndarray]) -> float:
    """The distance of Gaussians with these means (d,) and roots of covariances (r, d)."""
    (mean_a, root_a), (mean_b, root_b) = a, b
    # The eigenvalues of S_a S_b = R_a' R_a R_b' R_b are the squared singular values of R_a R_b'. So the sum of the
    # singular values is the trace of (S_a S_b)^(1/2). It is real, and accurate even if S_a or S_b is singular, because
    # nothing is squared whose root is needed.
    trace_root = np.linalg.svd(root_a @ root_b.T, compute_uv=False).sum()
    means = np.sum((mean_a - mean_b) ** 2)
    # Rounding can make a distance of 0 slightly negative.
    return max(0.0, float(means + np.sum(root_a**2) + np.sum(root_b**2) - 2 * trace_root))


def intra_class_frechet_distance(
    real: np.ndarray, real_labels: np.ndarray, fake: np.ndarray, fake_labels: np.ndarray
) -> float:
    """The mean over classes of the Frechet distance between real and fake features of the same class.

    real, fake: features (N, d) and (M, d). real_labels, fake_labels: int (N,) and (M,), negative where a class is not
        known. Classes that neither set has do not count.

    It sees samples under wrong names, and less variety within a class, to which the distance between all is nearly
    blind. With few images of a class it is strongly biased upwards.

    Source: Miyato and Koyama 2018 (arXiv 1802.05637), section 4, "intra FID".
    Raises UsageError for a class with fewer than 2 features in either set.

    >>> from gan_jax.evaluation.metrics import intra_class_frechet_distance
    >>> features = np.array([[0.0], [1.0], [10.0], [11.0]])
    >>> right, swapped = np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0])
    >>> [round(intra_class_frechet_distance(features, right, features, labels), 3) for labels in (right, swapped)]
    [0.0, 100.0]
    """
    distances = []
    for label in np.union1d(real_labels[real_labels >= 0], fake_labels[fake_labels >= 0]):
        parts = real[real_labels == label], fake[fake_labels == label]
        if min(map(len, parts)) < 2:
            raise UsageError(
                f"the Frechet distance within classes needs 2 images of each class, and class {label} has "
                f"{len(parts[0])} real and {len(parts[1])} fake ones"
            )
        distances.append(frechet_distance(*parts))
    return float(np.mean(distances))


def _of_moments(moments: Moments) -> tuple[np.ndarray, np.ndarray]:
    """The mean, and a matrix R of r rows, the rank of the covariance, for which R'R is the covariance."""
    values, vectors = np.linalg.eigh(moments.covariance)
    # Eigenvalues that are 0 come out as multiples of the rounding error, and their roots would be large.
    kept = values > len(values) * _EPSILON * max(values[-1], 0.0)
    return moments.mean, np.sqrt(values[kept])[:, None] * vectors[:, kept].T


def _of_few(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same of features with no more rows than columns, such as those of one class, without a covariance (d, d)."""
    if not np.isfinite(x).all():
        raise UsageError(NOT_FINITE)
    mean = x.mean(axis=0, dtype=np.float64)
    _, root = np.linalg.qr((x - mean) / np.sqrt(len(x) - 1))
    return mean, root
