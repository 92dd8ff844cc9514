"""The console that commands print to."""

import sys
from collections.abc import Sequence
from typing import IO

from rich.console import Console


class _Console(Console):
    """Leaves it to `main` to end the command if nobody reads its output any more."""

    def on_broken_pipe(self) -> None:
        raise  # the BrokenPipeError that is being handled


def output(file: IO[str] | None = None, **options) -> Console:
    """Returns a console that prints to `file`, by default standard output. options: those of rich's Console."""
    return _Console(file=file or sys.stdout, highlight=False, **options)


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Returns the lines of a table without a frame. No cell is cut or wrapped, so that lines can be searched."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
