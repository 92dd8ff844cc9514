"""Exact nearest-neighbour distances between sets of features, in blocks that fit in memory."""

from collections.abc import Iterator

import numpy as np
from scipy.spatial.distance import cdist

_BLOCK = 1000


def distance_blocks(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Euclidean distances of (N, d) to (M, d) features: pairs of (rows of a, their distances (rows, M))."""
    # cdist takes differences, so a copy is at distance exactly 0 and the same pair gives the same bits in every block.
    # The faster |x|^2 - 2xy + |y|^2 gives neither, and copies are what a memorizing generator produces.
    for start in range(0, len(a), _BLOCK):
        rows = slice(start, start + _BLOCK)
        yield rows, cdist(a[rows], b)


def kth_neighbor_distances(x: np.ndarray, k: int) -> np.ndarray:
    """The distance of each row of (N, d) to its k-th nearest other row: (N,). Needs N > k."""
    # Each row's nearest is itself, at 0, so the k-th other one is at index k.
    return np.concatenate([np.partition(block, k, axis=1)[:, k] for _, block in distance_blocks(x, x)])


def nearest_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The distance of each row of (N, d) to the nearest row of (M, d): (N,)."""
    return np.concatenate([block.min(axis=1) for _, block in distance_blocks(a, b)])
