"""gan-jax compare: shows what differs between runs, and their figures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from tyro.conf import Positional, arg


@dataclass(frozen=True)
class Compare:
    """Compares runs: the settings, code, data, devices and versions that differ, the measures of their evaluations, and
    their last losses.

    It reads files only, and does not run the code of the runs."""

    runs: Annotated[Positional[tuple[Path, ...]], arg(metavar="RUN RUN ...")]
    """The folders of at least two runs."""


def compare_command(arguments: list[str]) -> None:
    """Runs `gan-jax compare RUN RUN ...`."""
    options = tyro.cli(Compare, prog="gan-jax compare", args=arguments)

    from gan_jax.commands.output import columns, output
    from gan_jax.training.comparison import compare_runs

    compared = compare_runs(options.runs)
    console = output(soft_wrap=True, markup=False)
    letters = [_letter(i) for i in range(len(options.runs))]
    for line in columns([(letter, str(run)) for letter, run in zip(letters, options.runs, strict=True)]):
        console.print(line)
    nothing = [""] * len(letters)
    table = [("", *letters)]
    for title, rows in (
        ("settings", compared.settings),
        ("code, data and surroundings", compared.surroundings),
        ("evaluation", compared.figures),
        ("last losses", compared.losses),
    ):
        if rows:
            table += [(title, *nothing), *((f"  {name}", *map(_text, values)) for name, values in rows.items())]
    for line in columns(table):
        console.print(line)
    if not compared.settings:
        console.print("the settings are the same")
    if not compared.figures:
        console.print("none of these runs has been evaluated: gan-jax evaluate RUN")


def _letter(number: int) -> str:
    """A, B, ..., Z, A1, B1, ..."""
    return chr(ord("A") + number % 26) + (str(number // 26) if number >= 26 else "")


def _text(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
