"""Commands of gan-jax as processes of their own: what they say, when to disturb them, and how they may end."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from threading import Thread
from typing import IO

from gan_jax.training.saved_state import MANIFEST

# Seconds after which a command that should end counts as stuck.
LIMIT = 300.0

# What to wait for before a run is disturbed.
MOMENTS = ("start", "compilation", "training", "checkpoint write", "checkpoint commit")

# The statuses with which a run may end after a signal. A signal that comes before gan-jax handles it kills the process.
STATUSES = {
    signal.SIGKILL: (0, -signal.SIGKILL),
    signal.SIGTERM: (0, -signal.SIGTERM),
    signal.SIGHUP: (0, -signal.SIGHUP),
    signal.SIGINT: (0, 130, -signal.SIGINT),
}


class Command:
    """A command of gan-jax that runs. `out` and `err` are what it has said so far."""

    def __init__(self, *words: str | Path, cache: Path | None = None):
        """cache: the folder for compiled programs, in the place of the usual one."""
        self.words = [str(word) for word in words]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gan_jax", *self.words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C is for this script alone
            env={**os.environ, **({"GAN_JAX_CACHE": str(cache)} if cache else {})},
        )
        self._lines: tuple[list[str], list[str]] = ([], [])
        streams = zip((self.process.stdout, self.process.stderr), self._lines, strict=True)
        self._threads = [Thread(target=_drain, args=pair, daemon=True) for pair in streams]
        for thread in self._threads:
            thread.start()
        _running.add(self)

    @property
    def out(self) -> str:
        return "".join(self._lines[0])

    @property
    def err(self) -> str:
        return "".join(self._lines[1])

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    @property
    def status(self) -> int | None:
        return self.process.poll()

    @property
    def traceback(self) -> bool:
        return "Traceback" in self.out + self.err

    @property
    def complaint(self) -> str | None:
        """The error if that is all it has said on stderr, in one line, beside warnings."""
        warned = r"WARNING: |\S+:\d+: UserWarning: |  warnings\.warn\("  # ours, and those of jax about its cache
        lines = [line for line in self.err.splitlines() if line.strip() and not re.match(warned, line)]
        match = re.fullmatch(r"gan-jax: error: (.+)", lines[0]) if len(lines) == 1 else None
        return match[1] if match else None

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def finish(self, limit: float = LIMIT) -> bool:
        """Waits until it has ended, and kills it after `limit` seconds. Returns whether it has ended by itself."""
        in_time = wait_until(lambda: self.ended, limit)
        if not in_time:
            self.send(signal.SIGKILL)
        self.process.wait()
        for thread in self._threads:
            thread.join(10)
        _running.discard(self)
        return in_time

    def says(self) -> str:
        """All it has said, for a message about a loss."""
        said = (self.out + self.err).strip() or "nothing"
        return f"status {self.status}\n  gan-jax {' '.join(self.words)}\n" + "".join(
            f"  {x}\n" for x in said.splitlines()
        )


_running: set[Command] = set()


def kill_all() -> None:
    """Kills all commands that run."""
    for command in list(_running):
        command.finish(0)


def _drain(stream: IO[str], lines: list[str]) -> None:
    for line in stream:
        lines.append(line)


@dataclass
class Reader:
    """A command that reads the run.

    had_checkpoint: whether the run had a checkpoint when it started.
    was_disturbed: whether the disk was full at some time since.
    """

    kind: str
    command: Command
    had_checkpoint: bool
    was_disturbed: bool = False

    def how_it_ended(self) -> str | None:
        """Returns how it ended well: it succeeded, or had a reason not to and said so in one line. Otherwise None."""
        if self.command.traceback:
            return None
        if self.command.status == 0:
            return "succeeded"
        reason = self.command.complaint
        if reason is None:
            return None
        if not self.had_checkpoint and ("holds no checkpoint yet" in reason or "is not a run" in reason):
            return "no checkpoint yet"
        return "found the disk full" if self.was_disturbed and "cannot write" in reason else None


def wait_until(happened: Callable[[], bool], limit: float) -> bool:
    """Waits until `happened()`, for at most `limit` seconds. Returns whether it has happened."""
    deadline = time.monotonic() + limit
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.002)
    return True


def wait_for_moment(moment: str, command: Command, checkpoints: Path, random: Random) -> None:
    """Waits for a random time in a part of a run's life, or until the run has ended.

    checkpoints: the folder of the run's checkpoints.
    """

    def until(happened: Callable[[], bool], limit: float = LIMIT) -> None:
        wait_until(lambda: command.ended or happened(), limit)

    def pause(most: float) -> None:
        until(lambda: False, random.uniform(0, most))

    if moment == "start":
        return pause(5)
    until(lambda: bool(command.out))  # it holds the lock, and has loaded its data
    if moment == "compilation":
        return pause(3)
    until(lambda: "compiled in" in command.out)
    pause(4)
    if moment == "checkpoint write":
        until(lambda: is_writing(checkpoints), 5)
        pause(0.05)
    elif moment == "checkpoint commit":
        until(lambda: is_committing(checkpoints), 5)


def is_writing(checkpoints: Path) -> bool:
    """Whether a checkpoint is being written aside."""
    return any(not name.isdecimal() for name in _names(checkpoints))


def is_committing(checkpoints: Path) -> bool:
    """Whether the newest checkpoint has its name, but not its manifest yet."""
    steps = [int(name) for name in _names(checkpoints) if name.isdecimal()]
    return bool(steps) and not (checkpoints / str(max(steps)) / MANIFEST).exists()


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
