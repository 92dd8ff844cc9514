"""A tracker on a thread of its own."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread

from gan_jax.training.trackers.tracker import Tracker

_log = logging.getLogger(__name__)

# The seconds that the end of a run waits for a tracker to write or send what is left.
_WAIT = 90.0


class Background:
    """Starts a tracker and calls it on a thread of its own, one call after the other.

    No call waits, except that `wait_for_start` and `close` wait for at most `wait` seconds. The first error of the
    tracker, also when it starts, is logged as a warning. From then on it is not called any more.
    """

    def __init__(self, name: str, start: Callable[[], Tracker], wait: float = _WAIT):
        self._name, self._wait = name, wait
        self._calls: SimpleQueue[Callable[[Tracker], None] | None] = SimpleQueue()
        self._failed, self._started = False, Event()
        # A daemon, so that the process can end while a tracker waits for a network.
        self._thread = Thread(target=self._run, args=(start,), name=name, daemon=True)
        self._thread.start()

    def wait_for_start(self) -> None:
        """Waits until the tracker has started or failed, but at most `wait` seconds."""
        self._started.wait(self._wait)

    def log(self, step: int, numbers: Mapping[str, float]) -> None:
        self._call(lambda tracker: tracker.log(step, numbers))

    def picture(self, step: int, path: Path) -> None:
        self._call(lambda tracker: tracker.picture(step, path))

    def close(self) -> None:
        self._calls.put(None)
        self._thread.join(self._wait)
        if self._thread.is_alive():
            _log.warning("%s has not taken all of this run within %.0f s; the rest is left out", self._name, self._wait)

    def _call(self, call: Callable[[Tracker], None]) -> None:
        if not self._failed:
            self._calls.put(call)

    def _run(self, start: Callable[[], Tracker]) -> None:
        try:
            try:
                tracker = start()
            finally:
                self._started.set()
            while (call := self._calls.get()) is not None:
                call(tracker)
            tracker.close()
        except Exception as error:
            self._failed = True
            reason = str(error).strip().partition("\n")[0] or type(error).__name__
            _log.warning("%s has failed and gets no more of this run, which goes on without it: %s", self._name, reason)
