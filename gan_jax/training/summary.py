"""What run folders say of themselves: how far a run is, whether it goes on, and its figures.

Everything is read from files, while a run trains or after it, without running code and without importing jax.
"""

import json
import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from gan_jax.common.errors import UserError
from gan_jax.reporting import Kind, is_number, kind
from gan_jax.training import lock
from gan_jax.training.config_file import NAME as CONFIG
from gan_jax.training.config_file import read_config

METRICS, CHECKPOINTS, EVALUATION, RESULTS = "metrics.jsonl", "checkpoints", "evaluation.json", "results.json"

# The folder of a sweep in which each of its populations has a folder, if it has several.
POPULATIONS = "populations"

State = Literal["training", "complete", "interrupted", "new", "dead", "damaged"]

# What the end of metrics.jsonl may take, in bytes.
_TAIL = 2**16

# The lines that say what happened to a run begin or end a time in which it is of no use.
_EVENTS = ("dead", "alive", "failed")


@dataclass(frozen=True)
class Summary:
    """What a run folder, or the folder of a sweep, says.

    experiment, dataset: their names. "" if config.json cannot be read.
    members: the number of members of a sweep. None for a run.
    step, steps: how many training steps of how many have been made. Those of the populations of a sweep are added.
    state: "training" if a process writes to the folder now; "complete"; "interrupted" if it ended before its last step;
        "new" before the first checkpoint and the first line of metrics.jsonl; "dead" if its players no longer learn;
        "damaged" if config.json cannot be read.
    note: who trains it, why it is dead or damaged, or where it goes on. "" if there is nothing to say.
    figures: the measures of its evaluation by name. A run has one value of each, and a sweep the mean of each
        combination of values.
    figures_step: the step of these figures. None for a sweep.
    changed: when the folder has last changed, in seconds since the epoch.
    """

    folder: Path
    experiment: str
    dataset: str
    members: int | None
    step: int
    steps: int
    state: State
    note: str
    figures: dict[str, tuple[float, ...]]
    figures_step: int | None
    changed: float


def find(folder: Path) -> list[Summary]:
    """Summarizes `folder` if it is a run or a sweep, and all runs and sweeps below it, in the order of their paths.

    The members of a sweep are only listed if `folder` is this sweep. Symbolic links to runs count as runs.
    """
    found = [folder] if is_run(folder) else []
    below = folder / "members" if found else folder
    for path, names, _ in os.walk(below):
        runs = [name for name in sorted(names) if is_run(Path(path, name))]
        found += [Path(path, name) for name in runs]
        names[:] = [name for name in names if name not in runs]  # the others are searched
    return [summarize(run) for run in sorted(found)]


def is_run(folder: Path) -> bool:
    """Whether a folder holds a run or a sweep, which may be damaged."""
    has = {name for name in (CONFIG, "experiment.py", METRICS, CHECKPOINTS) if (folder / name).exists()}
    return (CONFIG in has and len(has) > 1) or {METRICS, CHECKPOINTS} <= has


def summarize(folder: Path) -> Summary:
    """Returns what the folder of a run or a sweep says. It may be damaged."""
    trainer, changed = lock.holder(folder), _changed(folder)
    try:
        config = read_config(folder)
        settings, sweep = config["settings"], config.get("sweep")
        # The settings are those of an experiment, so nothing is known of them.
        steps, dataset = _number(settings.get("steps")), str(settings.get("dataset", ""))
        members, populations = (None, 1) if sweep is None else (_members(sweep), _populations(sweep))
    except (UserError, TypeError, ValueError, AttributeError) as error:
        return Summary(folder, "", "", None, 0, 0, "damaged", str(error), {}, None, changed)
    parts = [folder] if populations == 1 else sorted((folder / POPULATIONS).glob("*/"))
    saved = sum(max(checkpoint_steps(part), default=0) for part in parts)
    logged = sum(_last_step(part) for part in parts)
    figures_step, figures = (None, _sweep_figures(folder)) if sweep is not None else read_figures(folder)
    total = steps * populations
    dead = None if sweep is not None else why_dead(folder)
    failed = 0 if sweep is None else sum(_read_bytes(part / METRICS).count(b'"failed": ') for part in parts)
    state: State
    if trainer:
        state, note = "training", trainer + (f"; dead: {dead}" if dead else "")
    elif dead:
        state, note = "dead", dead
    elif (folder / RESULTS).exists() if sweep is not None else saved >= total:
        state, note = "complete", ""
    elif saved or logged:
        state, note = "interrupted", f"goes on at {saved}"
    else:
        state, note = "new", ""
    if failed:
        note = "; ".join(filter(None, (note, f"{failed} of {members} members failed")))
    step = max(saved, logged) if trainer or not saved else saved
    return Summary(
        folder, config["experiment"], dataset, members, step, total, state, note,
        {name: values if isinstance(values, tuple) else (values,) for name, values in figures.items()},
        figures_step, changed,
    )  # fmt: skip


def checkpoint_steps(folder: Path) -> list[int]:
    """Returns the steps of the checkpoints in a run folder, in order."""
    try:
        return sorted(int(name) for name in os.listdir(folder / CHECKPOINTS) if name.isdecimal())
    except OSError:
        return []


def read_figures(folder: Path) -> tuple[int | None, dict[str, float]]:
    """Returns the step and the measures of the newest evaluation of a run: None and no measures if there is none."""
    found = _read_object(folder / EVALUATION)
    names, step = found.get("measures"), found.get("step")
    known = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    figures = {name: found[name] for name in known if is_number(found.get(name))}
    return step if isinstance(step, int) else None, figures


def last_losses(folder: Path) -> dict[str, float]:
    """Returns the losses in the last line of metrics.jsonl that has any, by name, and its step under "step"."""
    for row in _rows_from_the_end(folder):
        if any(kind(name) is Kind.LOSS for name in row):
            return {name: x for name, x in row.items() if (name == "step" or kind(name) is Kind.LOSS) and is_number(x)}
    return {}


def why_dead(folder: Path) -> str | None:
    """Returns why a run is of no use by the last line of metrics.jsonl that says so, or None if it is alive."""
    text = _read_bytes(folder / METRICS)
    at = max(text.rfind(f'"{name}": '.encode()) for name in _EVENTS)
    if at < 0:
        return None
    row = _parse(text[text.rfind(b"\n", 0, at) + 1 :].partition(b"\n")[0])
    if "failed" in row:
        return f"the loss of the {row['failed']} became {row.get('loss')} at step {row.get('step')}"
    return str(row["dead"]) if "dead" in row else None


def age(seconds: float) -> str:
    """Returns a duration in words, such as "3 hours"."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds / length)
            return f"{count} {unit}" + ("s" if count > 1 else "")
    return "now" if seconds < 5 else f"{int(seconds)} s"


def _changed(folder: Path) -> float:
    """When the newest of the files that training and evaluation write was written."""
    times = []
    for name in (CONFIG, METRICS, CHECKPOINTS, EVALUATION, RESULTS, POPULATIONS):
        try:
            times.append((folder / name).stat().st_mtime)
        except OSError:
            continue
    return max(times, default=time.time())


def _last_step(folder: Path) -> int:
    return next((_number(row["step"]) for row in _rows_from_the_end(folder) if is_number(row.get("step"))), 0)


def _rows_from_the_end(folder: Path) -> Iterator[dict[str, Any]]:
    """The lines at the end of metrics.jsonl, the last one first. Damaged lines are left out."""
    lines = _read_bytes(folder / METRICS, _TAIL).splitlines()
    return (row for row in map(_parse, reversed(lines)) if row)


def _read_bytes(path: Path, end: int | None = None) -> bytes:
    """Returns a file, or its last `end` bytes. Nothing if it cannot be read."""
    try:
        with open(path, "rb") as file:
            if end is not None:
                file.seek(max(0, os.fstat(file.fileno()).st_size - end))
            return file.read()
    except OSError:
        return b""


def _parse(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return row if isinstance(row, dict) else {}


def _read_object(path: Path) -> dict[str, Any]:
    return _parse(_read_bytes(path))


def _sweep_figures(folder: Path) -> dict[str, tuple[float, ...]]:
    """The means of all combinations of values, by measure, without the losses."""
    combinations = _read_object(folder / RESULTS).get("combinations")
    figures: dict[str, list[float]] = {}
    try:
        pairs = chain.from_iterable(each["measures"].items() for each in combinations or ())
        for name, spread in pairs:
            if kind(name) is not Kind.LOSS:
                figures.setdefault(name, []).append(float(spread["mean"]))
    except (TypeError, KeyError, AttributeError, ValueError):
        return {}
    return {name: tuple(values) for name, values in figures.items()}


def _members(sweep: dict[str, Any]) -> int:
    return int(sweep["seeds"]) * math.prod(len(values) for values in sweep["vary"].values())


def _populations(sweep: dict[str, Any]) -> int:
    """The number of programs that a sweep trains: only settings of type float vary inside of one."""
    varied = sweep["vary"].values()
    return math.prod(len(values) for values in varied if not all(isinstance(value, float) for value in values))


def _number(value: Any) -> int:
    if not is_number(value):
        raise ValueError(f"{value!r} is not a number of steps")
    return int(value)
