"""Batches of images that do not fit in memory, decoded ahead of the step that wants them."""

import atexit
import multiprocessing
import os
import signal
import sys
import threading
import weakref
from collections.abc import Generator

import numpy as np

from gan_jax.data.batching import batch_indices, take, target_indices
from gan_jax.data.dataset import Split
from gan_jax.errors import UserError

Rows = slice | np.ndarray

# Stands for "without end" where a length is asked for.
_ENDLESS = 2**40

_open: weakref.WeakSet[Generator] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    # For a program that ends without closing its streams: later than this, the modules that do it are half gone.
    for generator in list(_open):
        generator.close()


class _Batches:
    """Random access to the batches of steps start, start + 1, ...; what Grain shares out among its workers."""

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
    """Yields the batches of steps start, start + 1, ...: exactly `take(split, batch_indices(...)[rows])` of each.

    (Of unpaired targets those of `target_indices`.)

    Args:
      split: what to read from; its images must be picklable if there are workers.
      seed: see `batch_indices`.
      start: the first step.
      batch_size: of the global batch.
      rows: this process's share of the global batch.
      workers: how many processes decode. With 0, threads of this process do. What comes out does not depend on it.
        Processes are started anew by Python's `spawn`: a script that gets here must guard its main code with
        `if __name__ == "__main__"`.
      batches: how many batches; without end if None.

    Yields:
      "image" uint8 (R, H, W, C) and, where there are labels, "label" int32 (R,), and "target" uint8 (R, H, W, D) where
      there are targets, for the R examples that `rows` picks.
      Closing the generator ends the workers.

    Raises:
      UserError: an image cannot be decoded, with the name of its file; or a worker died.
    """
    generator = _generate(_Batches(split, seed, start, batch_size, rows, batches), workers)
    _open.add(generator)
    return generator


def _generate(source: _Batches, workers: int) -> Generator[dict[str, np.ndarray], None, None]:
    import grain  # takes seconds; nobody else needs it
    from absl import flags

    # Grain looks at its command-line flags before it starts processes, and fails in a program that is not absl's.
    if not flags.FLAGS.is_parsed():
        flags.FLAGS.mark_as_parsed()

    threads = min(os.cpu_count() or 1, 16) if workers == 0 else 0
    dataset = grain.MapDataset.source(source).to_iter_dataset(
        grain.ReadOptions(num_threads=threads, prefetch_buffer_size=2 * threads)
    )
    if workers > 0:
        options = grain.MultiprocessingOptions(num_workers=workers, per_worker_buffer_size=2)
        dataset = dataset.mp_prefetch(options, worker_init_fn=_start_worker)
        # Batches come through pipes. Shared memory was no faster here, is 64 MB in a container unless someone thought
        # of it, and outlives a program that is killed.
        dataset = grain.experimental.WithOptionsIterDataset(
            dataset, grain.experimental.DatasetOptions(min_shm_size=2**60)
        )
    iterator = dataset.__iter__()
    try:
        yield from iterator
    except RuntimeError as error:
        if "Worker process was terminated" not in str(error):
            raise
        raise UserError(f"a process that decodes images died, perhaps for want of memory: {error}") from error
    finally:
        iterator.close()


def _start_worker(worker: int, workers: int) -> None:
    # Grain imports jax. Nothing here computes with it, but a library's stray array must not claim the GPU's memory.
    if "jax" in sys.modules:
        sys.modules["jax"].config.update("jax_platforms", "cpu")
    # Ctrl-C reaches every process of the terminal; what to do about it is for the main one to decide.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # A killed parent cannot tell its workers to stop, and they would wait for it for ever.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
