"""The sliced Wasserstein distance between two sets of points in the plane."""

import numpy as np

from gan_jax.common.errors import UsageError

_DIRECTIONS = 64


def sliced_wasserstein_distance(a: np.ndarray, b: np.ndarray) -> float:
    """The root mean square, over directions, of the 2-Wasserstein distances between projections of a and b (N, 2).

        SW(a, b)^2 = mean_u W_2(a u, b u)^2,    W_2(x, y)^2 = mean_i (x_(i) - y_(i))^2

    with x_(i) the i-th smallest value of x, and 64 unit vectors u spread evenly over the half circle. The distance has
    the unit of the points: that between two clouds that differ by a shift of length s is s / sqrt 2. The distance
    between independent draws of one distribution is about 1 / sqrt N, so compare only distances with the same N.

    Source: Bonneel et al., "Sliced and Radon Wasserstein barycenters of measures", 2015.
    Raises UsageError unless both are sets of N points in the plane.

    >>> from gan_jax.evaluation.metrics import sliced_wasserstein_distance
    >>> points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> round(sliced_wasserstein_distance(points, points + [2.0, 0.0]), 3)  # 2 / sqrt 2
    1.414
    >>> round(sliced_wasserstein_distance(points, points[[2, 0, 1]]), 3)  # the order does not matter
    0.0
    """
    if a.shape != b.shape or a.ndim != 2 or a.shape[1] != 2 or not len(a):
        raise UsageError(
            f"the sliced Wasserstein distance needs two sets of points (N, 2), not {a.shape} and {b.shape}"
        )
    angles = np.arange(_DIRECTIONS) * (np.pi / _DIRECTIONS)
    directions = np.stack([np.cos(angles), np.sin(angles)])
    x, y = (np.sort(np.asarray(points, np.float64) @ directions, axis=0) for points in (a, b))
    return float(np.sqrt(np.mean((x - y) ** 2)))
