"""Measures of a set of shapes against a set of reference shapes, from the distances between them.

Source: Achlioptas et al. 2018 (arXiv 1707.02392), section 3, for coverage and minimum matching distance, and Yang et
al. 2019 (arXiv 1906.12320), section 5.1, for the accuracy of the nearest neighbour.
"""

import numpy as np


def iou_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """1 - |a and b| / |a or b|, float32 (N, M), between shapes bool (N, ...) and (M, ...) of one size.

    Two empty shapes are alike: their distance is 0. Raises ValueError for shapes of different sizes.
    """
    if a.shape[1:] != b.shape[1:]:
        raise ValueError(f"shapes of {a.shape[1:]} and of {b.shape[1:]} cannot be compared")
    first, second = (x.reshape(len(x), -1).astype(np.float32) for x in (a, b))
    common = first @ second.T
    united = first.sum(1)[:, None] + second.sum(1) - common
    return 1 - np.divide(common, united, out=np.ones_like(common), where=united > 0)


def coverage(distances: np.ndarray) -> float:
    """The share of reference shapes that are the nearest one of some sample. distances: (samples, references)."""
    return len(np.unique(distances.argmin(1))) / distances.shape[1]


def minimum_matching_distance(distances: np.ndarray) -> float:
    """The mean over references of the distance to the nearest sample. distances: (samples, references)."""
    return float(distances.min(0).mean())


def nearest_neighbor_accuracy(samples: np.ndarray, between: np.ndarray, references: np.ndarray) -> float:
    """How often the nearest other shape is of the same set. It is 0.5 for sets that are alike, and 1 for others.

    samples, references: distances within each set, (N, N) and (M, M). between: distances (N, M). N and M should be
    equal. If the nearest shapes of both sets are equally near, half of the answer counts.
    """
    own = [np.where(np.eye(len(x), dtype=bool), np.inf, x).min(1) for x in (samples, references)]
    other = [between.min(1), between.min(0)]
    ours, theirs = np.concatenate(own), np.concatenate(other)
    return float(np.mean((ours < theirs) + 0.5 * (ours == theirs)))
