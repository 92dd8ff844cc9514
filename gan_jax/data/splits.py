"""Holding examples out for testing, numbers to draw them by, and naming classes: the same for every source."""

import numpy as np


def shuffled(count: int, *seed: int) -> np.ndarray:
    """A permutation of range(count), int64: a pure function of `count` and the seed's parts.

    It sorts the raw words of a counter-based generator, whose stream NumPy promises never to change; the methods of
    `numpy.random.Generator` may change from one release to the next.
    """
    words = np.random.Philox(np.random.SeedSequence(seed)).random_raw(count)
    return np.argsort(words, kind="stable")


def uniform(count: int, name: str) -> np.ndarray:
    """Numbers in [0, 1), float64 (count,): a pure function of `count` and the name, which may not be empty.

    They have to do with no permutation of `shuffled`, which would otherwise bring examples in an order that goes by
    their values.
    """
    return np.random.Philox(np.random.SeedSequence(tuple(name.encode()))).random_raw(count) / 2**64


def hold_out(count: int, labels: np.ndarray | None, fraction: float) -> tuple[np.ndarray, np.ndarray]:
    """Indices for training and for testing, both ascending: always the same ones for the same input.

    Args:
      count: how many examples there are, at least 2.
      labels: (count,), to hold out the same fraction of every class; or None.
      fraction: the part held out. At least one example goes to either side.
    """
    order = shuffled(count, 0)
    if labels is not None:
        # Deal the classes out evenly along the order: sort by each example's quantile within its class.
        place = np.empty(count)
        for label in np.unique(labels):
            members = order[labels[order] == label]
            place[members] = (np.arange(len(members)) + 0.5) / len(members)
        order = order[np.argsort(place[order], kind="stable")]
    held = min(max(round(count * fraction), 1), count - 1)
    return np.sort(order[held:]), np.sort(order[:held])


def number_classes(*labels: np.ndarray) -> tuple[tuple[str, ...], list[np.ndarray]]:
    """Class names in sorted order, and each array of labels as int32 places in them."""
    values, places = np.unique(np.concatenate(labels), return_inverse=True)
    ends = np.cumsum([len(part) for part in labels])[:-1]
    return tuple(str(value) for value in values), np.split(places.astype(np.int32), ends)
