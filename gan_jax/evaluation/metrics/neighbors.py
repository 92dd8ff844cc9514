"""Exact neighbours between sets of features: which pairs are close, and how far the k-th nearest neighbours are.

Matrix products in float32 give each squared distance with a bound of its error. They rule out nearly all pairs. The few
pairs that may matter are decided by `Points.squared_distances`, direct differences in float64. So a copy is at distance
0, the distance of a pair is the same wherever it is asked for, and a point on the edge of a ball is inside. The matrix
of all distances is never held, only a tile of it.
"""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

# Rows and columns of a tile of distances. It takes 16 MiB, which the C library gives again without asking the system.
_ROWS, _COLUMNS = 1024, 4096

# Numbers in the arrays of a block of pairs.
_BLOCK = 2**24


class Pairs(NamedTuple):
    """Pairs of a row i of one set and a row j of another, int32 (P,), with bounds of their squared distances.

    low, high: float32 (P,), at least 0.
    """

    i: np.ndarray
    j: np.ndarray
    low: np.ndarray
    high: np.ndarray


class Points:
    """Features (N, d) that are finite, around a centre (d,), which costs digits if it is far from them."""

    def __init__(self, features: np.ndarray, centre: np.ndarray):
        self.features = np.asarray(features)
        self._centre = centre.astype(np.float32)
        # The rounding of d products and sums, of the differences and of the norms, each at most 2^-24 of its size.
        self._error = 4 * (self.features.shape[1] + 16) * 2.0**-24
        parts = [(features[part] - self._centre).astype(np.float32) for part in self.slices(_ROWS)]
        self.norms = np.concatenate([np.square(part, dtype=np.float64).sum(axis=1) for part in parts])

    def __len__(self) -> int:
        return len(self.features)

    def some(self, rows: np.ndarray) -> "Points":
        """Those at `rows`, int (n,)."""
        return self if len(rows) == len(self) else Points(self.features[rows], self._centre)

    def slices(self, size: int) -> list[slice]:
        """All rows in slices of at most `size`."""
        return [slice(start, min(start + size, len(self))) for start in range(0, len(self), size)]

    def tiles(self, others: "Points", past: bool = False) -> Iterator[tuple[slice, slice, np.ndarray]]:
        """Yields rows, rows of another set, and lower bounds of their squared distances, float32 (n, m).

        past: leave out the tiles whose rows all come after those of the other set.
        """
        for columns in others.slices(_COLUMNS):
            right = others.right(columns)
            for rows in self.slices(_ROWS):
                if not past or columns.stop > rows.start:
                    yield rows, columns, _product(self.left(rows), right)

    def left(self, rows: slice) -> np.ndarray:
        """A factor of the lower bounds: |x|^2 + |y|^2 - 2 x.y is one product, with norms as columns beside x and y."""
        return self._factor(rows, -2.0, norms_first=True)

    def right(self, rows: slice) -> np.ndarray:
        """The other factor."""
        return self._factor(rows, 1.0, norms_first=False)

    def _factor(self, rows: slice, scale: float, norms_first: bool) -> np.ndarray:
        d = self.features.shape[1]
        factor = np.ones((rows.stop - rows.start, d + 2), np.float32)
        np.subtract(self.features[rows], self._centre, out=factor[:, :d], casting="same_kind")
        factor[:, :d] *= scale
        factor[:, d + (0 if norms_first else 1)] = (1 - self._error) * self.norms[rows]
        return factor

    def pairs(self, others: "Points", i: np.ndarray, j: np.ndarray, low: np.ndarray) -> Pairs:
        """Pairs of rows with their lower bounds, and the upper bounds that go with these."""
        high = _up(low + self.slack(self.norms[i], others.norms[j]))
        return Pairs(i.astype(np.int32), j.astype(np.int32), np.maximum(low, 0), np.maximum(high, 0))

    def slack(self, norms: np.ndarray, others: np.ndarray) -> np.ndarray:
        """The differences of upper and lower bounds of pairs of rows with these squared norms."""
        return 2 * self._error * (norms + others)

    def squared_distances(self, others: "Points", i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """The squared distances of pairs of rows, float64 (P,): each depends on the two rows alone."""
        size = max(1, _BLOCK // self.features.shape[1])
        found = np.empty(len(i))
        for start in range(0, len(i), size):
            part = slice(start, start + size)
            difference = np.subtract(self.features[i[part]], others.features[j[part]], dtype=np.float64)
            found[part] = np.square(difference, out=difference).sum(axis=1)
        return found


def nearest(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest row of b (M, d) to each row of features a (N, d): its distance, float64 (N,), and its index, (N,).

    >>> from gan_jax.evaluation.metrics import nearest
    >>> samples, training = np.array([[0.0, 0.0], [6.0, 8.0]]), np.array([[3.0, 4.0], [6.0, 8.0]])
    >>> distances, indices = nearest(samples, training)
    >>> distances.tolist(), indices.tolist()  # the second sample is a copy
    ([5.0, 0.0], [0, 1])
    """
    points, others = _around_mean(a, b)
    up, found = np.full(len(a), np.float32(np.inf)), []
    for rows, columns, low in points.tiles(others):
        slack = points.slack(points.norms[rows], others.norms[columns].max())
        up[rows] = np.minimum(up[rows], _up(low.min(axis=1) + slack))
        i, j = _where(low <= up[rows, None])
        found.append(points.pairs(others, i + rows.start, j + columns.start, low[i, j]))
    pairs = _join(found)
    pairs = _select(pairs, pairs.low <= up[pairs.i])
    exact = points.squared_distances(others, pairs.i, pairs.j)
    order = np.lexsort((pairs.j, exact, pairs.i))
    _, first = np.unique(pairs.i[order], return_index=True)
    return np.sqrt(exact[order][first]), pairs.j[order][first]


def neighbor_radii(points: Points, ks: tuple[int, ...]) -> dict[int, np.ndarray]:
    """By k, the squared distance, float64 (N,), of each point to its k-th nearest other point. N is above every k."""
    count = max(ks) + 1
    rows, places = _without_copies(points.features, count)
    few = points.some(rows)
    pairs = _close_pairs(few, count)
    return {k: _kth(few, pairs, k + 1)[places] for k in ks}


def pairs_within(points: Points, others: Points, reach: np.ndarray, reach_of_others: np.ndarray) -> Pairs:
    """All pairs whose squared distance is at most one of the reaches, (N,) and (M,), and some a little farther."""
    up, up_of_others = _up(reach), _up(reach_of_others)
    found = []
    for rows, columns, low in points.tiles(others):
        i, j = _where(low <= up[rows, None], low <= up_of_others[columns])
        found.append(points.pairs(others, i + rows.start, j + columns.start, low[i, j]))
    return _join(found)


def are_within(points: Points, others: Points, pairs: Pairs, reach: np.ndarray) -> np.ndarray:
    """Whether the squared distance of each pair is at most `reach` (P,), bool (P,). It is decided exactly."""
    inside = pairs.high <= reach
    (unsure,) = np.nonzero(~inside & (pairs.low <= reach))
    inside[unsure] = points.squared_distances(others, pairs.i[unsure], pairs.j[unsure]) <= reach[unsure]
    return inside


def _close_pairs(points: Points, count: int) -> Pairs:
    """Pairs of rows of one set that hold all that may be among the `count` nearest of their row i.

    A row is its own nearest one. The bound of i, j is that of j, i too, and is computed once.
    """
    up = np.full(len(points), np.float32(np.inf))
    for rows in points.slices(_ROWS):  # some other rows bound the distance of the nearest among all
        start = max(0, min(rows.start, len(points) - _COLUMNS))
        few = slice(start, min(start + _COLUMNS, len(points)))
        high = _product(points.left(rows), points.right(few))
        high += points.slack(points.norms[rows, None], points.norms[few]).astype(np.float32)
        up[rows] = _up(np.partition(high, count - 1, axis=1)[:, count - 1])
    kept = []
    for rows, columns, low in points.tiles(points, past=True):
        i, j = _where(low <= up[rows, None], low <= up[columns])
        near, i, j = low[i, j], i + rows.start, j + columns.start
        direct, mirrored = (near <= up[i]) & (j >= rows.start), (near <= up[j]) & (j >= rows.stop)
        kept.append(points.pairs(points, i[direct], j[direct], near[direct]))
        kept.append(points.pairs(points, j[mirrored], i[mirrored], near[mirrored]))
    return _join(kept)


def _kth(points: Points, pairs: Pairs, count: int) -> np.ndarray:
    """The `count`-th smallest squared distance of each row, float64 (N,). All that may be it are among the pairs."""
    rows = np.arange(len(points))
    starts = np.searchsorted(np.sort(pairs.i), rows)
    # The distance that is looked for is at least the one and at most the other.
    bottom, top = (_sorted(pairs.i, x)[starts + count - 1] for x in (pairs.low, pairs.high))
    below = np.bincount(pairs.i[pairs.high < bottom[pairs.i]], minlength=len(points))
    unsure = _select(pairs, (pairs.high >= bottom[pairs.i]) & (pairs.low <= top[pairs.i]))
    exact = points.squared_distances(points, unsure.i, unsure.j)
    order = np.lexsort((exact, unsure.i))
    place = np.searchsorted(unsure.i[order], rows) + count - 1 - below
    return exact[order][place]


def _sorted(rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Values that are at least 0, float32 (P,), sorted by their rows, and within a row from the least up."""
    # The bits of such floats are in the order of the floats, and integers are sorted several times faster than pairs.
    keys = (rows.astype(np.uint64) << np.uint64(32)) | values.view(np.uint32)
    return (np.sort(keys) & np.uint64(0xFFFFFFFF)).astype(np.uint32).view(np.float32)


def _without_copies(features: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows of features that leave at most `most` copies of each, and for every row the place of such a copy.

    A generator that has collapsed makes thousands of copies, each as near as all others.
    """
    places: dict[bytes, list[int]] = {}
    rows, place = [], np.empty(len(features), int)
    for i, row in enumerate(features):
        copies = places.setdefault(hashlib.blake2b(row.tobytes(), digest_size=16).digest(), [])
        if len(copies) < most:
            copies.append(len(rows))
            rows.append(i)
        place[i] = copies[-1]
    return np.array(rows), place


def _around_mean(*sets: np.ndarray) -> list[Points]:
    centre = np.mean([np.mean(x, axis=0, dtype=np.float64) for x in sets], axis=0)
    return [Points(x, centre) for x in sets]


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a b', on the accelerator if there is one."""
    if jax.default_backend() == "cpu":  # NumPy's product is faster there than XLA's
        return a @ b.T
    return np.asarray(_on_device(a, b))


@jax.jit
def _on_device(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.matmul(a, b.T, precision=jax.lax.Precision.HIGHEST)


def _up(x: np.ndarray) -> np.ndarray:
    """Numbers rounded upwards to float32."""
    return np.nextafter(x.astype(np.float32), np.float32(np.inf))


def _where(*masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where any of the masks, bool (n, m), is true, which is in few places: rows and columns."""
    count, width = masks[0].shape
    whole = np.zeros((count, -(-width // 8) * 8), bool)
    for mask in masks:
        np.logical_or(whole[:, :width], mask, out=whole[:, :width])
    # Eight at a time: most are false.
    words = np.flatnonzero(whole.view(np.uint64))
    within, byte = np.nonzero(whole.reshape(-1, 8)[words])
    return np.divmod(words[within] * 8 + byte, whole.shape[1])


def _select(pairs: Pairs, chosen: np.ndarray) -> Pairs:
    return Pairs(*(x[chosen] for x in pairs))


def _join(parts: list[Pairs]) -> Pairs:
    return Pairs(*(np.concatenate(each) for each in zip(*parts, strict=True)))
