"""Exact distances to nearest neighbours between sets of features, in blocks that fit in memory."""

from collections.abc import Iterator

import numpy as np

_BLOCK = 1000


def on_grid(*sets: np.ndarray) -> tuple[list[np.ndarray], float]:
    """Rounds sets of finite features, each (N, d) with the same d, to multiples of one unit.

    Returns the multiples, integers in float64, and the unit. Distances by |x|^2 - 2xy + |y|^2 are fast, but in floating
    point a copy is not at distance 0, and the distance of the same pair differs between blocks. A memorizing generator
    produces copies, so this matters. With integers up to 2^19 in float64, all products and their sums are exact in any
    order (for d < 4096). The integers keep 6 digits, nearly as many as float32.
    """
    sets_of_64 = [np.asarray(x, np.float64) for x in sets]
    low = np.min([x.min(axis=0) for x in sets_of_64], axis=0)
    high = np.max([x.max(axis=0) for x in sets_of_64], axis=0)
    _, exponent = np.frexp(np.max(high - low) / 2)
    # A power of two, so that features are rounded as they would be in a shorter floating-point format.
    unit = float(np.ldexp(1.0, int(exponent) - 19))
    return [np.rint((x - (low + high) / 2) / unit) for x in sets_of_64], unit


def squared_distance_blocks(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """The squared distances between features a (N, d) and b (M, d) on a grid, in blocks of rows of a.

    Yields pairs of a slice of rows and their distances to all of b, (rows, M).
    """
    squares = np.sum(b**2, axis=1)
    for start in range(0, len(a), _BLOCK):
        rows = slice(start, start + _BLOCK)
        block = a[rows] @ (-2 * b.T)
        block += squares
        block += np.sum(a[rows] ** 2, axis=1, keepdims=True)
        yield rows, block


def kth_neighbor_squared_distances(x: np.ndarray, k: int) -> np.ndarray:
    """The squared distance, (N,), of each row of x (N, d) on a grid to its k-th nearest other row. Needs N > k."""
    # The nearest row to each row is itself, at distance 0, so the k-th nearest other row is at index k.
    return np.concatenate([np.partition(block, k, axis=1)[:, k] for _, block in squared_distance_blocks(x, x)])


def nearest_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The distance, (N,), of each row of features a (N, d) to the nearest row of b (M, d)."""
    (a, b), unit = on_grid(a, b)
    return unit * np.sqrt(np.concatenate([block.min(axis=1) for _, block in squared_distance_blocks(a, b)]))
