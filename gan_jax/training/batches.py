"""The data of the training loop: the dataset on the devices, and the batches of each call of the program."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import jax
import numpy as np

from gan_jax.data import Split, batch_indices, stream, target_indices
from gan_jax.training.placement import replicate, shard

_MAX_WORKERS = 16
_STEPS_AHEAD = 64


def device_data(split: Split, devices: int) -> Any:
    """Returns the whole split on every device if it is in memory, or () if it is streamed."""
    if not split.in_memory:
        return ()
    arrays = {"image": split.images, "label": split.labels, "target": split.targets}
    return replicate({name: array for name, array in arrays.items() if array is not None}, devices)


@contextmanager
def feed(
    split: Split, *, seed: int, batch_size: int, batches_per_step: int, steps_per_call: int, start: int, devices: int
) -> Iterator[Callable[[int], Any]]:
    """Yields a function from a step to the `batches` of the program's call that starts there.

    A call covers `steps_per_call` steps, and a step takes `batches_per_step * batch_size` examples. A streamed split is
    read in order from step `start`, one step at a time, by worker processes that end with this context.
    """
    size = batches_per_step * batch_size
    if split.in_memory:
        rows = _by_step(lambda number: _block_indices(split, seed, number, size), steps_per_call)
        yield lambda step: jax.tree.map(lambda x: shard(x, batches_per_step, devices), rows(step))
        return

    local = shard(np.arange(size)[None], batches_per_step, devices)
    workers = min(_MAX_WORKERS, max(1, (os.cpu_count() or 1) - 1))
    batches = stream(split, seed=seed, start=start, batch_size=size, rows=local.reshape(-1), workers=workers)
    try:
        yield lambda step: jax.tree.map(lambda x: x.reshape(*local.shape, *x.shape[1:]), next(batches))
    finally:
        batches.close()


def feed_members(
    split: Split, *, seeds: Sequence[int], batch_size: int, batches_per_step: int, steps_per_call: int, devices: int
) -> Callable[[int], Any]:
    """Returns the function that `feed` yields, for a split in memory and the runs of all these seeds at once.

    The batches are indices (steps_per_call, members, B), or with several devices
    (devices, steps_per_call, members / devices, B).
    """
    size = batches_per_step * batch_size

    def block(number: int) -> Any:
        # The blocks are computed seed by seed, since each change of the seed needs a new permutation.
        rows = {seed: _block_indices(split, seed, number, size) for seed in set(seeds)}
        return jax.tree.map(lambda *x: np.stack(x, axis=1), *(rows[seed] for seed in seeds))

    def split_members(rows: np.ndarray) -> np.ndarray:
        return rows if devices == 1 else np.stack(np.split(rows, devices, axis=1))

    rows = _by_step(block, steps_per_call)
    return lambda step: jax.tree.map(split_members, rows(step))


def _block_indices(split: Split, seed: int, number: int, size: int) -> Any:
    """Returns the indices (_STEPS_AHEAD, size) for the steps from number * _STEPS_AHEAD on.

    For unpaired targets they are {"image": indices, "target": indices}.
    """
    # Batches are consecutive parts of the data's order, so the batches of many steps are one large batch.
    count = _STEPS_AHEAD * size
    images, targets = batch_indices(seed, number, count, len(split)), target_indices(split, seed, number, count)
    rows = images if targets is None else {"image": images, "target": targets}
    return jax.tree.map(lambda x: x.astype(np.int32).reshape(_STEPS_AHEAD, size), rows)


def _by_step(block: Callable[[int], Any], count: int) -> Callable[[int], Any]:
    """Maps a function that returns block 0, 1, ... of the rows to one that returns `count` rows from a step on."""
    block = lru_cache(maxsize=2)(block)

    def row(step: int) -> Any:
        return jax.tree.map(lambda x: x[step % _STEPS_AHEAD], block(step // _STEPS_AHEAD))

    return lambda step: jax.tree.map(lambda *x: np.stack(x), *(row(s) for s in range(step, step + count)))
