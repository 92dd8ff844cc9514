"""Precision and recall of generated features: how realistic they are, and how much of the real data they cover."""

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.evaluation.metrics.neighbors import kth_neighbor_squared_distances, on_grid, squared_distance_blocks


def precision_recall(real: np.ndarray, fake: np.ndarray, k: int = 3) -> tuple[float, float]:
    """Improved precision and recall, each in [0, 1], of fake features (M, d) against real features (N, d).

    The manifold of a set is the union of balls, one around each point, which reach to its k-th nearest other point.
    Precision is the share of fake points in the real manifold, and recall is the share of real points in the fake
    manifold. Both depend on the sizes of the sets, so compare only figures of the same sizes.

    Source: Kynkaanniemi et al. 2019 (arXiv 1904.06991), eqs. 1 and 2.
    Raises UsageError for k or fewer rows, or if the sets have different numbers of columns.
    """
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1]:
        raise UsageError(f"precision and recall need features (N, d) and (M, d), not {real.shape} and {fake.shape}")
    if min(len(real), len(fake)) <= k:
        raise UsageError(f"precision and recall with k={k} need at least {k + 1} rows, not {len(real)} and {len(fake)}")
    # On one grid distances are exact, so a point on the edge of a ball, such as a copied neighbour, is inside.
    (real, fake), _ = on_grid(real, fake)
    real_radii, fake_radii = kth_neighbor_squared_distances(real, k), kth_neighbor_squared_distances(fake, k)
    precise = np.zeros(len(fake), bool)
    recalled = np.zeros(len(real), bool)
    for rows, distances in squared_distance_blocks(real, fake):
        precise |= np.any(distances <= real_radii[rows, None], axis=0)
        recalled[rows] = np.any(distances <= fake_radii, axis=1)
    return float(precise.mean()), float(recalled.mean())
