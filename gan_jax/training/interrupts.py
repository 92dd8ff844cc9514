"""Stopping a run early on a signal, so that it can save a checkpoint."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import jax
import numpy as np

_CALLS_PER_AGREEMENT = 16


class Stop:
    """A request to stop the run. `signal` is the signal that asked for it, or None."""

    def __init__(self):
        self.signal: signal.Signals | None = None
        self._asked = 0

    def agreed(self) -> bool:
        """Whether to stop now. All processes of a run stop at the same call, so that none waits for another.

        Their agreement needs communication, so it only happens in every 16th call.
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
    """Handles signals: the first SIGTERM, SIGHUP or SIGINT asks the run to stop. A second SIGINT interrupts it at once.

    A signal that the process ignores, as `nohup` ignores SIGHUP, stays ignored. Python only delivers signals to the
    main thread. In other threads this does nothing.
    """
    stop = Stop()

    def ask(number: int, _frame: object) -> None:
        stop.signal = signal.Signals(number)
        signal.signal(signal.SIGINT, signal.default_int_handler)

    old = {}
    try:
        for name in ("SIGTERM", "SIGHUP", "SIGINT"):
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None and signal.getsignal(number) != signal.SIG_IGN:
                old[number] = signal.signal(number, ask)
    except ValueError:
        pass
    try:
        yield stop
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignores SIGINT, for a second or two of work that a library does not survive if it is interrupted."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # only the main thread gets signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
