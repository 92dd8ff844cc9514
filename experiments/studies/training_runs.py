"""Runs that the studies train and evaluate by the command line, each once."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_DONE = "study.json"


def train(experiment: Path, folder: Path, flags: Sequence[str]) -> None:
    """Trains and evaluates a run, unless that has been done. A training that fails is one of the results.

    An interrupted run is resumed. The process ends with the command's status if it ends otherwise.
    """
    if (folder / _DONE).exists():
        return
    print(f"== {folder.name}", flush=True)
    status, memory = _run("train", str(experiment), "--workdir", str(folder), *flags)
    if status not in (0, 1):
        sys.exit(status)
    if status == 0 and _run("evaluate", str(folder))[0] != 0:
        sys.exit(1)
    (folder / _DONE).write_text(json.dumps({"finished": status == 0, "peak_bytes": memory}))


def outcome(folder: Path) -> dict[str, Any] | None:
    """Whether a run `finished` and its `peak_bytes`, or None if it has not ended."""
    path = folder / _DONE
    return json.loads(path.read_text()) if path.exists() else None


def evaluation(folder: Path) -> dict[str, Any]:
    """What `gan-jax evaluate` wrote, {} for a run that failed."""
    found = outcome(folder)
    return json.loads((folder / "evaluation.json").read_text()) if found and found["finished"] else {}


def records(folder: Path) -> list[dict[str, Any]]:
    """The metrics of a run, line by line."""
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def _run(*words: str) -> tuple[int, int]:
    """The exit status of a gan-jax command, and the most memory that its process had at once, in bytes."""
    process = subprocess.Popen(["gan-jax", *words])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
