"""The data side of the loop: what lies on the devices, and what goes to them with every call of the program."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import jax
import numpy as np

from gan_jax.data import Split, batch_indices, target_indices
from gan_jax.stepping import replicate, spread

_MOST_WORKERS = 16
_STEPS_AHEAD = 64


def resident(split: Split, devices: int) -> Any:
    """The whole split on every device, if it is in memory; () if it is streamed."""
    if not split.in_memory:
        return ()
    arrays = {"image": split.images, "label": split.labels, "target": split.targets}
    return replicate({name: array for name, array in arrays.items() if array is not None}, devices)


@contextmanager
def feed(
    split: Split, *, seed: int, batch_size: int, parts: int, chunk: int, start: int, devices: int
) -> Iterator[Callable[[int], Any]]:
    """Gives the function from a step to the `items` of the program that plays `chunk` steps from there.

    A batch has `parts * batch_size` examples. A split that is streamed is read in order from step `start`, one step at
    a time, by worker processes that end with this context.
    """
    size = parts * batch_size
    if split.in_memory:
        rows = _ahead(lambda number: _block(split, seed, number, size), chunk)
        yield lambda step: jax.tree.map(lambda x: spread(x, parts, devices), rows(step))
        return

    from gan_jax.data.stream import stream

    mine = spread(np.arange(size)[None], parts, devices)
    workers = min(_MOST_WORKERS, max(1, (os.cpu_count() or 1) - 1))
    batches = stream(split, seed=seed, start=start, batch_size=size, rows=mine.reshape(-1), workers=workers)
    try:
        yield lambda step: jax.tree.map(lambda x: x.reshape(*mine.shape, *x.shape[1:]), next(batches))
    finally:
        batches.close()


def feed_members(
    split: Split, *, seeds: Sequence[int], batch_size: int, parts: int, chunk: int, devices: int
) -> Callable[[int], Any]:
    """What `feed` gives for a split in memory, for the runs of all these seeds at once: (chunk, members, B) indices.

    With several devices (devices, chunk, members / devices, B).
    """
    size = parts * batch_size

    def of_all(number: int) -> Any:
        # Seed by seed, so that no seed's permutation is made again at every step.
        rows = {seed: _block(split, seed, number, size) for seed in set(seeds)}
        return jax.tree.map(lambda *x: np.stack(x, axis=1), *(rows[seed] for seed in seeds))

    def share(rows: np.ndarray) -> np.ndarray:
        return rows if devices == 1 else np.stack(np.split(rows, devices, axis=1))

    rows = _ahead(of_all, chunk)
    return lambda step: jax.tree.map(share, rows(step))


def _block(split: Split, seed: int, number: int, size: int) -> Any:
    """The indices of the steps from number * _STEPS_AHEAD on: (_STEPS_AHEAD, size), or {"image", "target"} of them."""
    # Batches follow one another without a gap, so those of many steps are one large batch.
    count = _STEPS_AHEAD * size
    images, targets = batch_indices(seed, number, count, len(split)), target_indices(split, seed, number, count)
    rows = images if targets is None else {"image": images, "target": targets}
    return jax.tree.map(lambda x: x.astype(np.int32).reshape(_STEPS_AHEAD, size), rows)


def _ahead(block: Callable[[int], Any], chunk: int) -> Callable[[int], Any]:
    """From a function that gives the rows of block 0, 1, ... of steps to one that gives `chunk` from a step on."""
    block = lru_cache(maxsize=2)(block)

    def row(step: int) -> Any:
        return jax.tree.map(lambda x: x[step % _STEPS_AHEAD], block(step // _STEPS_AHEAD))

    return lambda step: jax.tree.map(lambda *x: np.stack(x), *(row(s) for s in range(step, step + chunk)))
