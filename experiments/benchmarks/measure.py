"""Timing of several workers in turn, each in its own process, so that a slow minute of the machine meets them all."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Timing:
    """seconds: a step, in each block. said: the worker's last words."""

    seconds: tuple[float, ...]
    said: dict[str, Any]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def spread(self) -> str:
        return f"{1e3 * min(self.seconds):.3g} to {1e3 * max(self.seconds):.3g} ms"


class Worker:
    """A process that says a JSON line when it is ready and one for every count of steps that it is told."""

    def __init__(self, arguments: Sequence[str], environment: dict[str, str] | None = None):
        env = os.environ | {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"} | (environment or {})
        command = [sys.executable, *arguments]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, cwd=HERE
        )
        self._name = " ".join(arguments)

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise RuntimeError(f"the worker `{self._name}` ended early; its error is above")

    def ready(self) -> dict[str, Any]:
        return self._read()

    def time(self, count: int) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        return self._read()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def workers(commands: dict[str, Sequence[str]]) -> Iterator[dict[str, Worker]]:
    started = {name: Worker(command) for name, command in commands.items()}
    try:
        yield started
    finally:
        for worker in started.values():
            worker.close()


def interleaved(commands: dict[str, Sequence[str]], *, seconds: float, blocks: int) -> dict[str, Timing]:
    """Times every worker in `blocks` blocks of about `seconds` each, in turn. One that fails is left out, and said."""
    with workers(commands) as running:
        counts: dict[str, int] = {}
        for name, worker in list(running.items()):
            try:
                worker.ready()
                once = worker.time(2)["seconds"]
            except (RuntimeError, BrokenPipeError, json.JSONDecodeError) as error:
                print(f"left out: {name}: {error}", file=sys.stderr)
                continue
            counts[name] = max(1, round(seconds / once))
        times: dict[str, list[float]] = {name: [] for name in counts}
        said: dict[str, dict[str, Any]] = {}
        for _ in range(blocks):
            for name, count in counts.items():
                said[name] = running[name].time(count)
                times[name].append(said[name]["seconds"])
        return {name: Timing(tuple(times[name]), said[name]) for name in counts}


def best_of(function: Callable[[], Any], repeats: int) -> float:
    """Seconds of the fastest of several calls."""
    fastest = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        fastest = min(fastest, time.perf_counter() - start)
    return fastest
