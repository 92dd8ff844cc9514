"""gan-jax runs: lists the runs and sweeps below a folder."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from tyro.conf import Positional, arg

from gan_jax.common.errors import UsageError

if TYPE_CHECKING:
    from gan_jax.training.summary import Summary

# How many measures of an evaluation are shown.
_FIGURES = 3


@dataclass(frozen=True)
class Runs:
    """Lists the runs and sweeps below a folder: how far they are, whether they go on, and what their evaluations found.

    The figures of a sweep are the means over its seeds, from the lowest to the highest. Only files are read: no code of
    a run is executed, and runs that train are not disturbed."""

    folder: Annotated[Positional[Path], arg(metavar="DIR")] = Path("runs")
    """The folder. It can also be a run, or a sweep, whose members are then listed too."""


def runs_command(arguments: list[str]) -> None:
    """Runs `gan-jax runs [DIR]`."""
    options = tyro.cli(Runs, prog="gan-jax runs", args=arguments)
    if not options.folder.is_dir():
        raise UsageError(f"there is no folder {options.folder}")

    from gan_jax.commands.output import columns, output
    from gan_jax.training.summary import find

    console, now = output(soft_wrap=True, markup=False), time.time()
    found = find(options.folder)
    if not found:
        console.print(f"there are no runs in {options.folder}")
        return
    heading = ("run", "experiment", "data", "step", "state", "age")
    first, *lines = columns([heading, *(_cells(run, options.folder, now) for run in found)])
    console.print(first)
    for line, run in zip(lines, found, strict=True):
        console.print(line)
        for text in filter(None, (_figures(run), run.note)):
            console.print(f"    {text}")


def _cells(run: "Summary", below: Path, now: float) -> Sequence[str]:
    from gan_jax.training.summary import age

    name = str(run.folder.relative_to(below)) if run.folder != below else str(below)
    experiment = run.experiment if run.members is None else f"{run.experiment}, {run.members} members"
    steps = f"{run.step:,} of {run.steps:,}" if run.steps else ""
    return name, experiment, run.dataset, steps, run.state, age(max(0, now - run.changed))


def _figures(run: "Summary") -> str:
    figures = []
    for name, values in list(run.figures.items())[:_FIGURES]:
        low, high = f"{min(values):.3g}", f"{max(values):.3g}"
        figures.append(f"{name.replace('_', ' ')} {low}" + (f" to {high}" if high != low else ""))
    if figures and run.figures_step not in (None, run.step):
        figures.append(f"at step {run.figures_step:,}")
    return ", ".join(figures)
