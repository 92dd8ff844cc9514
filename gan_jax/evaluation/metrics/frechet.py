"""The Frechet distance between two sets of features."""

import numpy as np

from gan_jax.common.errors import UsageError


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """The squared 2-Wasserstein distance between Gaussians fitted to `a` and `b`. It is 0 if their moments agree.

        |mu_a - mu_b|^2 + Tr(S_a + S_b - 2 (S_a S_b)^(1/2))

    `a` and `b` are features (N, d) and (M, d) of any real dtype. The computation is in float64, with unbiased
    covariances, which may be singular (fewer rows than columns, a constant feature). The estimate is biased upwards,
    and more so with fewer rows, so compare only distances between sets of the same sizes.

    Source: Heusel et al. 2017 (arXiv 1706.08500), eq. 6; Dowson and Landau 1982.
    Raises UsageError for fewer than 2 rows, or if `a` and `b` have different numbers of columns.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise UsageError(f"the Frechet distance needs features (N, d) and (M, d), not {a.shape} and {b.shape}")
    if min(len(a), len(b)) < 2:
        raise UsageError(f"the Frechet distance needs at least 2 rows each, not {len(a)} and {len(b)}")
    root_a, root_b = _covariance_root(a), _covariance_root(b)
    # The eigenvalues of S_a S_b = R_a' R_a R_b' R_b are the squared singular values of R_a R_b'. So the sum of the
    # singular values is the trace of (S_a S_b)^(1/2). It is real, and accurate even if S_a or S_b is singular, because
    # nothing is squared whose root is needed.
    trace_root = np.linalg.svd(root_a @ root_b.T, compute_uv=False).sum()
    means = np.sum((a.mean(0) - b.mean(0)) ** 2)
    # Rounding can make a distance of 0 slightly negative.
    return max(0.0, float(means + np.sum(root_a**2) + np.sum(root_b**2) - 2 * trace_root))


def _covariance_root(x: np.ndarray) -> np.ndarray:
    """A matrix R for which R'R is the unbiased covariance of the rows of x."""
    _, root = np.linalg.qr((x - x.mean(0)) / np.sqrt(len(x) - 1))
    return root
