"""What a page shows of a run: read from the files of its folder, without running its code."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_jax.common.errors import UsageError
from gan_jax.training.config_file import read_config
from gan_jax.training.metrics_file import METRICS, read_rows
from gan_jax.training.run_folder import read_evaluations
from gan_jax.training.summary import RESULTS, Summary, find, is_run, summarize


@dataclass(frozen=True)
class Shown:
    """A run as a page shows it.

    name: what it is called on the page.
    rows: the lines of metrics.jsonl.
    evaluations: those of evaluation.json, the newest one first.
    samples: the pictures of samples by their steps, in order.
    closest: the picture of the samples that are closest to training images, if there is one.
    """

    name: str
    summary: Summary
    config: dict[str, Any]
    rows: list[dict[str, Any]]
    evaluations: list[dict[str, Any]]
    samples: dict[int, Path]
    closest: Path | None

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the run by name."""
        return self.config["settings"]


def read_shown(folders: Sequence[Path]) -> list[Shown]:
    """Reads runs. The folder of a sweep stands for its members. Raises UsageError for folders that hold no run."""
    runs = [run for folder in folders for run in _runs(folder)]
    names = _names(runs)
    return [_read(run, name) for run, name in zip(runs, names, strict=True)]


def read_combinations(folders: Sequence[Path]) -> list[dict[str, Any]]:
    """The combinations of values in the results of the sweeps among `folders`, with the statistics of each measure."""
    found = []
    for folder in folders:
        try:
            results = json.loads((folder / RESULTS).read_text())
            found += [each for each in results["combinations"] if isinstance(each["measures"], dict)]
        except (OSError, ValueError, KeyError, TypeError):  # a run, or a sweep that has not ended
            continue
    return found


def _runs(folder: Path) -> list[Path]:
    if not is_run(folder):
        raise UsageError(f"{folder} does not hold a run")
    if "sweep" not in read_config(folder):
        return [folder]
    members = [each.folder for each in find(folder) if each.folder != folder and each.members is None]
    if not members:
        raise UsageError(f"{folder} is a sweep that has no members yet: it writes them at its end")
    return members


def _names(runs: Sequence[Path]) -> list[str]:
    """The ends of the paths of runs that tell them apart."""
    for length in range(1, 1 + max(len(run.resolve().parts) for run in runs)):
        names = ["/".join(run.resolve().parts[-length:]) for run in runs]
        if len(set(names)) == len(names):
            return names
    raise UsageError("the same run is given twice")


def _read(folder: Path, name: str) -> Shown:
    closest = folder / "closest.png"
    return Shown(
        name=name,
        summary=summarize(folder),
        config=read_config(folder),
        rows=read_rows(folder / METRICS),
        evaluations=read_evaluations(folder),
        samples={
            int(path.stem[5:]): path for path in sorted(folder.glob("samples/step_*.png")) if path.stem[5:].isdecimal()
        },
        closest=closest if closest.exists() else None,
    )
