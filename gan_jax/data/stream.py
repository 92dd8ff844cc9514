"""Streams batches of images that do not fit in memory, and decodes them ahead of the steps that use them."""

import atexit
import multiprocessing
import os
import signal
import sys
import threading
import weakref
from collections.abc import Generator

import numpy as np

from gan_jax.common.errors import UserError
from gan_jax.data.batching import batch_indices, take, target_indices
from gan_jax.data.dataset import Split

Rows = slice | np.ndarray

# The length of a stream without end, because Grain asks for a length.
_ENDLESS = 2**40

_open: weakref.WeakSet[Generator] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    # For programs that exit without closing their streams. Later during exit, closing would find modules torn down.
    for generator in list(_open):
        generator.close()


class _Batches:
    """Random access to the batches of steps start, start + 1 and so on. Grain divides them among its workers."""

    def __init__(self, split: Split, seed: int, start: int, batch_size: int, rows: Rows, batches: int | None):
        self._split, self._seed, self._start, self._batch_size, self._rows = split, seed, start, batch_size, rows
        self._count = _ENDLESS if batches is None else batches

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        step = self._start + int(index)
        indices = batch_indices(self._seed, step, self._batch_size, len(self._split))
        targets = target_indices(self._split, self._seed, step, self._batch_size)
        return take(self._split, indices[self._rows], None if targets is None else targets[self._rows])


def stream(
    split: Split,
    *,
    seed: int,
    start: int,
    batch_size: int,
    rows: Rows,
    workers: int,
    batches: int | None = None,
) -> Generator[dict[str, np.ndarray], None, None]:
    """Yields the batches of steps start, start + 1 and so on.

    The batch of a step is exactly `take(split, batch_indices(...)[rows])`, with unpaired targets at
    `target_indices(...)[rows]`. Closing the generator ends the workers.

    Args:
      split: the examples. Its images must be picklable if there are workers.
      seed: see `batch_indices`.
      start: the first step.
      batch_size: size of the global batch.
      rows: the rows of the global batch that this process reads.
      workers: number of processes that decode. With 0, threads of this process decode. The batches are the same either
        way. Python's `spawn` starts the processes, so a script that uses them must guard its main code with
        `if __name__ == "__main__"`.
      batches: number of batches. With None, the stream has no end.

    Yields:
      "image", uint8 (R, H, W, C), for the R examples at `rows`; "label", int32 (R,), if there are labels; and "target",
      uint8 (R, H, W, D), if there are targets.

    Raises:
      UserError: an image cannot be decoded (the message names its file), or a worker died.

    >>> digits = data.load("digits", resolution=8, memory_limit=0).train  # images are decoded when they are needed
    >>> batches = data.stream(digits, seed=0, start=0, batch_size=64, rows=slice(None), workers=0, batches=2)
    >>> [batch["image"].shape for batch in batches]
    [(64, 8, 8, 1), (64, 8, 8, 1)]
    """
    generator = _generate(_Batches(split, seed, start, batch_size, rows, batches), workers)
    _open.add(generator)
    return generator


def _generate(source: _Batches, workers: int) -> Generator[dict[str, np.ndarray], None, None]:
    import grain  # takes seconds, and only streams need it
    from absl import flags

    # Grain reads absl's command-line flags before it starts processes, and fails if the program has not parsed them.
    if not flags.FLAGS.is_parsed():
        flags.FLAGS.mark_as_parsed()

    threads = min(os.cpu_count() or 1, 16) if workers == 0 else 0
    dataset = grain.MapDataset.source(source).to_iter_dataset(
        grain.ReadOptions(num_threads=threads, prefetch_buffer_size=2 * threads)
    )
    if workers > 0:
        options = grain.MultiprocessingOptions(num_workers=workers, per_worker_buffer_size=2)
        dataset = dataset.mp_prefetch(options, worker_init_fn=_start_worker)
        # Send batches through pipes. Shared memory was no faster, is often limited to 64 MB in containers, and is not
        # freed if the program is killed.
        dataset = grain.experimental.WithOptionsIterDataset(
            dataset, grain.experimental.DatasetOptions(min_shm_size=2**60)
        )
    iterator = dataset.__iter__()
    try:
        yield from iterator
    except RuntimeError as error:
        if "Worker process was terminated" not in str(error):
            raise
        raise UserError(f"a process that decodes images died, perhaps because memory ran out: {error}") from error
    finally:
        iterator.close()


def _start_worker(worker: int, workers: int) -> None:
    # Grain imports jax. Workers do not compute with it, but a stray array of a library would claim the GPU's memory.
    if "jax" in sys.modules:
        sys.modules["jax"].config.update("jax_platforms", "cpu")
    # Ctrl-C reaches every process of the terminal, and only the main process should handle it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # A killed parent cannot stop its workers, and they would wait for it for ever.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
