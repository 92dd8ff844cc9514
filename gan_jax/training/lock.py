"""The lock of a run folder: only one process at a time writes to it.

The lock is the file `lock` in the folder, held by the operating system (`flock`). The system releases it however the
process ends, also on other hosts that share the disk. The file says who holds it, for messages.
"""

import json
import logging
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gan_jax.common.errors import UsageError, UserError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

_NAME = "lock"
_TRIES, _PAUSE = 5, 0.05  # seconds
_log = logging.getLogger(__name__)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Holds the lock of `folder` in this context. Creates the folder, and deletes it at the end if it is still empty.

    Raises UsageError if another process holds the lock, and UserError if the folder cannot be written.
    """
    path = folder / _NAME
    file = _lock(folder, path)
    try:
        _sign(file)
        yield
    finally:
        with suppress(OSError):  # somebody may have deleted the folder
            if [each.name for each in folder.iterdir()] == [_NAME]:
                path.unlink()
                folder.rmdir()
            os.ftruncate(file, 0)
        os.close(file)  # this releases the lock


def _lock(folder: Path, path: Path) -> int:
    """Returns the open file of the lock, which this process holds."""
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise UserError(f"cannot write to {folder}: {error.strerror or error}") from error
        # Whoever asks for the holder has the lock for a moment.
        if not any(_acquire(file, folder) or time.sleep(_PAUSE) for _ in range(_TRIES)):
            os.close(file)
            raise UsageError(
                f"{folder} is being written by {_described(path)}. Wait for it, or give another --workdir."
            )
        try:
            if os.path.samestat(os.fstat(file), path.stat()):
                return file
        except FileNotFoundError:
            pass
        os.close(file)  # the process that held it has deleted it in the meantime


def holder(folder: Path) -> str | None:
    """Returns who writes to `folder` now, such as "process 4711 on host-a since 2026-11-26 12:00:00", or None."""
    path = folder / _NAME
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        # A shared lock is enough to ask, so that two who ask at once do not take each other for a writer.
        return None if _acquire(file, folder, shared=True) else _described(path)
    finally:
        os.close(file)


def _acquire(file: int, folder: Path, shared: bool = False) -> bool:
    """Takes the lock if nobody holds it. Returns whether it is taken."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        _log.warning("%s is on a disk without locks (%s): take care that only one process writes there", folder, error)
    return True


def _sign(file: int) -> None:
    """Writes who holds the lock."""
    who = {
        "process": os.getpid(),
        "host": socket.gethostname(),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
    }
    with suppress(OSError):  # on a full disk it holds the lock too; what it writes next says that the disk is full
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps(who).encode(), 0)


def _described(path: Path) -> str:
    try:
        who = json.loads(path.read_bytes())
        return f"process {who['process']} on {who['host']} since {who['since']} ({who['command']})"
    except (OSError, ValueError, TypeError, KeyError):  # it is just being written
        return "another process"
