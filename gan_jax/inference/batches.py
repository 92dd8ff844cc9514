"""Batches of one size, so that a program is compiled once for all of them."""

from collections.abc import Iterator

import numpy as np


def padded_batches(count: int, most: int) -> Iterator[np.ndarray]:
    """The rows of each batch of `count` examples, int (B,), with B the smaller of `count` and `most`.

    The last batch is padded with repeated rows. The results of all batches, joined, begin with those of the examples.
    """
    size = max(1, min(most, count))
    for start in range(0, count, size):
        yield np.arange(start, start + size) % count
