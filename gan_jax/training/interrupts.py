"""Ending a run early without losing it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import jax
import numpy as np

_CALLS_PER_AGREEMENT = 16


class Stop:
    """Whether the run was asked to end, and by which signal."""

    def __init__(self):
        self.signal: signal.Signals | None = None
        self._asked = 0

    def agreed(self) -> bool:
        """Whether to stop now. The processes that share a run agree on it, so that none waits for another.

        To agree takes a message between them, so they do it at every 16th call only.
        """
        if jax.process_count() == 1:
            return self.signal is not None
        self._asked += 1
        if self._asked % _CALLS_PER_AGREEMENT:
            return False
        from jax.experimental.multihost_utils import process_allgather

        asked = np.max(process_allgather(np.int32(self.signal or 0)))
        if asked:
            self.signal = signal.Signals(int(asked))
        return bool(asked)


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """While inside, the first SIGTERM or SIGINT asks to stop; a second SIGINT interrupts at once.

    Outside of the main thread, where Python delivers no signals, nothing ever asks.
    """
    stop = Stop()

    def ask(number: int, _frame: object) -> None:
        stop.signal = signal.Signals(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    old = {}
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            old[number] = signal.signal(number, ask)
    except ValueError:
        pass
    try:
        yield stop
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
