"""Exact nearest-neighbour distances between sets of features, in blocks that fit in memory."""

from collections.abc import Iterator

import numpy as np

_BLOCK = 1000


def on_grid(*sets: np.ndarray) -> tuple[list[np.ndarray], float]:
    """Finite features, each (N, d) for the same d, rounded to integers times one unit: the integers, and the unit.

    Distances through |x|^2 - 2xy + |y|^2 are fast, but in floating point a copy is not at distance 0, and the same pair
    differs from block to block; copies are what a memorizing generator produces. With integers up to 2^19 in float64,
    every product and sum of them (d < 4096) is exact in any order. They keep 6 digits, nearly what float32 does.
    """
    sets_of_64 = [np.asarray(x, np.float64) for x in sets]
    low = np.min([x.min(axis=0) for x in sets_of_64], axis=0)
    high = np.max([x.max(axis=0) for x in sets_of_64], axis=0)
    _, exponent = np.frexp(np.max(high - low) / 2)
    # A power of two, so that the rounding is that of a shorter float.
    unit = float(np.ldexp(1.0, int(exponent) - 19))
    return [np.rint((x - (low + high) / 2) / unit) for x in sets_of_64], unit


def squared_distance_blocks(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Squared distances of (N, d) to (M, d) features on a grid: pairs of (rows of a, their distances (rows, M))."""
    squares = np.sum(b**2, axis=1)
    for start in range(0, len(a), _BLOCK):
        rows = slice(start, start + _BLOCK)
        block = a[rows] @ (-2 * b.T)
        block += squares
        block += np.sum(a[rows] ** 2, axis=1, keepdims=True)
        yield rows, block


def kth_neighbor_squared_distances(x: np.ndarray, k: int) -> np.ndarray:
    """The squared distance of each row of (N, d), on a grid, to its k-th nearest other row: (N,). Needs N > k."""
    # Each row's nearest is itself, at 0, so the k-th other one is at index k.
    return np.concatenate([np.partition(block, k, axis=1)[:, k] for _, block in squared_distance_blocks(x, x)])


def nearest_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The distance of each row of (N, d) to the nearest row of (M, d): (N,), in the features' own scale."""
    (a, b), unit = on_grid(a, b)
    return unit * np.sqrt(np.concatenate([block.min(axis=1) for _, block in squared_distance_blocks(a, b)]))
