"""The Frechet distance between two sets of features."""

import numpy as np

from gan_jax.errors import UsageError


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """The squared 2-Wasserstein distance between Gaussians fitted to `a` and `b`: 0 where their moments agree.

        |mu_a - mu_b|^2 + Tr(S_a + S_b - 2 (S_a S_b)^(1/2))

    Features are (N, d) and (M, d), any real dtype; the computation is in float64, with unbiased covariances.
    Singular covariances (fewer rows than columns, a constant feature) are fine. The estimate is biased upwards, the
    more so the fewer the rows, so compare only distances that were taken with the same counts.

    Source: Heusel et al. 2017 (arXiv 1706.08500), eq. 6; Dowson and Landau 1982.
    Raises UsageError for fewer than 2 rows, or another number of columns in `b` than in `a`.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise UsageError(f"the Frechet distance needs features (N, d) and (M, d), not {a.shape} and {b.shape}")
    if min(len(a), len(b)) < 2:
        raise UsageError(f"the Frechet distance needs at least 2 rows a side, not {len(a)} and {len(b)}")
    root_a, root_b = _covariance_root(a), _covariance_root(b)
    # The eigenvalues of S_a S_b = R_a' R_a R_b' R_b are the squared singular values of R_a R_b'. So their sum is the
    # trace of (S_a S_b)^(1/2), without a square ever being formed and rooted again: real, and accurate even where S_a
    # or S_b is singular.
    trace_root = np.linalg.svd(root_a @ root_b.T, compute_uv=False).sum()
    means = np.sum((a.mean(0) - b.mean(0)) ** 2)
    # Rounding may leave a negative zero's worth; a distance is not negative.
    return max(0.0, float(means + np.sum(root_a**2) + np.sum(root_b**2) - 2 * trace_root))


def _covariance_root(x: np.ndarray) -> np.ndarray:
    """R with R'R the unbiased covariance of the rows of x."""
    _, root = np.linalg.qr((x - x.mean(0)) / np.sqrt(len(x) - 1))
    return root
