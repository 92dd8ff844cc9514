"""metrics.jsonl: the metrics of a run, a JSON object on each line."""

import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gan_jax.common.files import write_aside
from gan_jax.reporting import Kind, kind

METRICS = "metrics.jsonl"

_log = logging.getLogger(__name__)


class MetricsFile:
    """The file metrics.jsonl. A run that resumes at `step` drops later lines, since it repeats those steps.

    It also moves damaged lines to metrics.jsonl.damaged, with a warning. `needs` are the whole numbers that each line
    must have. `rows` are all lines that are in the file.
    """

    def __init__(self, folder: Path, step: int, needs: Sequence[str] = ("step",)):
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / METRICS
        found = _read(self.path, needs)
        if found.damaged:
            damaged = self.path.with_name(f"{self.path.name}.damaged")
            _log.warning("%s; moving them to %s", found.warning(self.path), damaged.name)
            with open(damaged, "ab") as file:
                file.writelines(line + b"\n" for line in found.damaged)
                file.flush()
                os.fsync(file.fileno())
        self.rows = [row for row in found.rows if row["step"] <= step]
        write_aside(self.path, lambda file: file.writelines(_line(row) for row in self.rows))
        self._file = open(self.path, "ab")  # noqa: SIM115

    def add(self, row: dict[str, Any]) -> None:
        self.rows.append(row)
        self._file.write(_line(row))

    def flush(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


def read_rows(path: Path, needs: Sequence[str] = ("step",)) -> list[dict[str, Any]]:
    """Returns the complete lines of a metrics.jsonl, or an empty list if there is no such file.

    A line is an object with the whole numbers that `needs` names. Its other values are numbers or None, and words in a
    line with a `Kind.EVENT`. Damaged lines are left out with a warning. An incomplete last line is left out silently,
    because a run that is killed leaves one.
    """
    found = _read(path, needs)
    if found.damaged:
        _log.warning("%s; leaving them out", found.warning(path))
    return found.rows


class _Found(NamedTuple):
    """What is in the file: its rows, its damaged lines, and the number of the first of these, from 1."""

    rows: list[dict[str, Any]]
    damaged: list[bytes]
    first: int

    def warning(self, path: Path) -> str:
        count = len(self.damaged)
        return f"{path} has {count} damaged {'line' if count == 1 else 'lines'}, the first of them is line {self.first}"


def _read(path: Path, needs: Sequence[str]) -> _Found:
    *lines, last = path.read_bytes().split(b"\n") if path.exists() else [b""]
    parsed = [_parse(line, needs) for line in lines]
    bad = [i for i, row in enumerate(parsed) if row is None and lines[i].strip()]
    end = _parse(last, needs)  # of a file that does not end with a newline
    rows = [row for row in (*parsed, end) if row is not None]
    return _Found(rows, [lines[i] for i in bad], bad[0] + 1 if bad else 0)


def _parse(line: bytes, needs: Sequence[str]) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict) or not all(type(row.get(name)) is int and row[name] >= 0 for name in needs):
        return None
    words = any(kind(name) is Kind.EVENT for name in row)
    return row if all(_is_number(value) or (words and isinstance(value, str)) for value in row.values()) else None


def _is_number(value: Any) -> bool:
    return value is None or isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**63)


def _line(row: dict[str, Any]) -> bytes:
    return (json.dumps(row) + "\n").encode()
