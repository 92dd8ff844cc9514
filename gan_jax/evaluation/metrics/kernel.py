"""The kernel distance between two sets of features, known as the kernel inception distance (KID)."""

from typing import NamedTuple

import numpy as np

from gan_jax.common.errors import UsageError


class KernelDistance(NamedTuple):
    """mean, deviation: those of the distances between subsets, in float64."""

    mean: float
    deviation: float


def kernel_distance(
    real: np.ndarray, fake: np.ndarray, subsets: int = 100, size: int = 1000, seed: int = 0
) -> KernelDistance:
    """The unbiased squared maximum mean discrepancy with a cubic kernel, as the mean over random subsets.

        MMD^2 = mean_{i != j} k(x_i, x_j) + mean_{i != j} k(y_i, y_j) - 2 mean_{i, j} k(x_i, y_j)
        k(x, y) = (x . y / d + 1)^3

    real, fake: features (N, d) and (M, d).
    subsets: the number of pairs of subsets. size: the number of rows of a subset, or min(N, M) if that is less. They
        are drawn without replacement.

    It is 0 on average if both sets come from the same distribution, and so may be negative. Unlike the Frechet
    distance, it is not biased by the number of images.

    Source: Binkowski et al. 2018, "Demystifying MMD GANs" (arXiv 1801.01401), section 4 and eq. 4.
    Raises UsageError for fewer than 2 rows, and if the sets have different numbers of columns.

    >>> from gan_jax.evaluation.metrics import kernel_distance
    >>> real, fake = np.zeros((3, 1)), np.ones((3, 1))
    >>> kernel_distance(real, fake).mean  # 1^3 + 2^3 - 2 * 1^3
    7.0
    """
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1]:
        raise UsageError(f"the kernel distance needs features (N, d) and (M, d), not {real.shape} and {fake.shape}")
    size = min(size, len(real), len(fake))
    if size < 2:
        raise UsageError(f"the kernel distance needs at least 2 rows each, not {len(real)} and {len(fake)}")
    rng = np.random.default_rng(seed)
    whole = size == len(real) == len(fake)  # then all subsets are the same
    distances = []
    for _ in range(1 if whole else subsets):
        x, y = (features[rng.choice(len(features), size, replace=False)] for features in (real, fake))
        distances.append(_squared_discrepancy(x, y))
    return KernelDistance(float(np.mean(distances)), float(np.std(distances)))


def _squared_discrepancy(x: np.ndarray, y: np.ndarray) -> float:
    """The unbiased squared discrepancy of as many rows x and y, (n, d)."""
    n = len(x)
    within = _kernel_sum(x, x, diagonal=False) + _kernel_sum(y, y, diagonal=False)
    return within / (n * (n - 1)) - 2 * _kernel_sum(x, y) / n**2


def _kernel_sum(x: np.ndarray, y: np.ndarray, diagonal: bool = True) -> float:
    """The sum of k(x_i, y_j) over all i and j, or over those that differ. Kernels are summed in float64."""
    kernel = (x @ y.T).astype(np.float64)
    kernel /= x.shape[1]
    kernel += 1
    cube = np.square(kernel)
    cube *= kernel
    return float(cube.sum() - (0 if diagonal else np.trace(cube)))
