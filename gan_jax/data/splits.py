"""What all sources share: reproducible random numbers, held-out splits, and the numbering of classes."""

import numpy as np


def shuffled(count: int, *seed: int) -> np.ndarray:
    """A random permutation of range(count), int64 (count,). It is a pure function of `count` and the seed's parts.

    It sorts the raw words of a counter-based generator. NumPy promises that this stream never changes, but the methods
    of `numpy.random.Generator` may change from one release to the next.
    """
    words = np.random.Philox(np.random.SeedSequence(seed)).random_raw(count)
    return np.argsort(words, kind="stable")


def uniform(count: int, name: str) -> np.ndarray:
    """Random numbers in [0, 1), float64 (count,). They are a pure function of `count` and the name.

    The name must not be empty. The numbers are independent of the permutations of `shuffled`: if both came from the
    same words, shuffling would sort examples by the numbers that they are made from.
    """
    return np.random.Philox(np.random.SeedSequence(tuple(name.encode()))).random_raw(count) / 2**64


def hold_out(count: int, labels: np.ndarray | None, fraction: float) -> tuple[np.ndarray, np.ndarray]:
    """The indices of the training and of the held-out examples, both ascending. The same input gives the same split.

    Args:
      count: number of examples, at least 2.
      labels: (count,), to hold out the same fraction of every class, or None.
      fraction: fraction of the examples to hold out. Each split gets at least one example.
    """
    order = shuffled(count, 0)
    if labels is not None:
        # Spread every class evenly over the order: sort the examples by their quantiles within their classes.
        place = np.empty(count)
        for label in np.unique(labels):
            members = order[labels[order] == label]
            place[members] = (np.arange(len(members)) + 0.5) / len(members)
        order = order[np.argsort(place[order], kind="stable")]
    held = min(max(round(count * fraction), 1), count - 1)
    return np.sort(order[held:]), np.sort(order[:held])


def number_classes(*labels: np.ndarray) -> tuple[tuple[str, ...], list[np.ndarray]]:
    """The class names in sorted order, and each array of labels as int32 indices into them."""
    values, places = np.unique(np.concatenate(labels), return_inverse=True)
    ends = np.cumsum([len(part) for part in labels])[:-1]
    return tuple(str(value) for value in values), np.split(places.astype(np.int32), ends)
