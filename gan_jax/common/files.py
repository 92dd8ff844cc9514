"""Atomic writing of files."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from gan_jax.common.errors import UserError


def write_aside(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Calls `write` with a temporary file, then renames the file to `path`. Raises OSError on failure."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(aside, "wb") as file:
            write(file)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes a file atomically. Raises UserError if it cannot be written."""
    attempt(path, lambda: write_aside(path, lambda file: file.write(text.encode())))


def attempt(path: Path, write: Callable[[], Any]) -> None:
    """Calls `write`, which writes `path`. Raises UserError with the reason if it fails."""
    try:
        write()
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from error
