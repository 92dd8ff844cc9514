"""What differs between runs, by what their folders say. Nothing here runs their code or imports jax."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_jax.common.errors import UsageError
from gan_jax.training.config_file import read_config
from gan_jax.training.summary import checkpoint_steps, last_losses, read_figures

Rows = dict[str, list[Any]]  # by name a value for each run, None for a run that has none


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    settings: the settings that differ.
    surroundings: what else differs: the experiment and its code, the data, devices, versions, the git commit, and
        changes since the start.
    figures: the measures of the newest evaluations, with the step of each.
    losses: the losses in the last lines of metrics.jsonl, with the step of each, and the step of the newest checkpoint.
    """

    settings: Rows
    surroundings: Rows
    figures: Rows
    losses: Rows


def compare_runs(folders: Sequence[Path]) -> Comparison:
    """Compares at least two runs. Raises UsageError for fewer, and for a folder that does not hold a run."""
    if len(folders) < 2:
        raise UsageError("give at least two runs to compare")
    configs = [read_config(folder) for folder in folders]
    for folder, config in zip(folders, configs, strict=True):
        if "sweep" in config:
            raise UsageError(
                f"{folder} is a sweep, and has a table of its own: compare its runs, in {folder / 'members'}"
            )
    evaluations = [read_figures(folder) for folder in folders]
    saved = [max(checkpoint_steps(folder), default=None) for folder in folders]
    return Comparison(
        _differing(_side_by_side([config["settings"] for config in configs])),
        _differing(_side_by_side([_surroundings(*pair) for pair in zip(folders, configs, strict=True)])),
        _side_by_side([{"step": step, **figures} if figures else {} for step, figures in evaluations]),
        {"checkpoint": saved, **_side_by_side([last_losses(folder) for folder in folders])},
    )


def _surroundings(folder: Path, config: dict[str, Any]) -> dict[str, Any]:
    devices = config.get("devices")
    count = len(devices) if isinstance(devices, list) else 0
    versions = config.get("versions")
    data = config["data"]
    fingerprint = data.get("fingerprint")
    seen = fingerprint if isinstance(fingerprint, dict) else data
    return {
        "experiment": config["experiment"],
        "code": _code(folder, config.get("modules", ())),
        **_flat("data", seen),
        "devices": f"{count} x {config.get('device_kind', 'unknown')}",
        "git_commit": config.get("git_commit"),
        **(versions if isinstance(versions, dict) else {}),
        "changed": "; ".join(_changes(config["history"])) or None,
    }


def _code(folder: Path, modules: Iterable[str]) -> str:
    """A short hash of the code that a run folder keeps. It differs where the code does."""
    found = hashlib.sha256()
    for name in ("experiment.py", *(f"modules/{name}" for name in modules)):
        try:
            found.update(f"{name}\n".encode() + (folder / name).read_bytes())
        except OSError:
            return f"{name} is missing"
    return found.hexdigest()[:8]


def _flat(name: str, values: Any) -> dict[str, Any]:
    """Nested dictionaries as one, with names such as data.train.count."""
    if not isinstance(values, dict):
        return {name: values}
    return {key: x for inner, value in values.items() for key, x in _flat(f"{name}.{inner}", value).items()}


def _changes(history: Iterable[Any]) -> list[str]:
    """What the history says of changes, such as "learning_rate at step 400"."""
    changes = []
    for event in history:
        if isinstance(event, dict) and isinstance(event.get("changed"), dict):
            changes.append(f"{', '.join(event['changed'])} at step {event.get('step')}")
    return changes


def _side_by_side(runs: Sequence[dict[str, Any]]) -> Rows:
    names = dict.fromkeys(name for run in runs for name in run)
    return {name: [run.get(name) for run in runs] for name in names}


def _differing(rows: Rows) -> Rows:
    return {name: values for name, values in rows.items() if any(value != values[0] for value in values)}
