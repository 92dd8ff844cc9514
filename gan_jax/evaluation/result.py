"""What an evaluation found: figures in columns, such as those of samples beside those of real images, and tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from rich.console import Console

from gan_jax.evaluation.figures import figure
from gan_jax.reporting import is_number, print_table

# Columns: samples, real training examples in the place of samples, and held-out ones in their place.
SAMPLES, REAL, HELD_OUT = "samples", "real: training", "real: held-out"

# What is appended to the names of figures in each column.
_ENDINGS = {SAMPLES: "", REAL: "_real", HELD_OUT: "_held_out"}

# By column, figures by name.
Columns = Mapping[str, Mapping[str, Any]]


class Part(Protocol):
    """A part of the report of an evaluation."""

    def report(self, console: Console) -> None:
        """Prints it."""
        ...


@dataclass(frozen=True)
class Evaluation:
    """Figures of samples or translations, beside figures to compare them with.

    Attributes:
      settings: everything that the figures depend on, as plain values by name.
      figures: the figures by name, as plain numbers and lists. In other columns than that of the samples, the names end
        in `_real` or `_held_out`.
      measures: the names of the figures that matter most, the first one first. The table of a sweep shows them.
      parts: what the report prints, in order.
      pictures: pictures uint8 (H, W, C) that belong to the figures, by name.
    """

    settings: Mapping[str, Any]
    figures: Mapping[str, Any]
    measures: Sequence[str]
    parts: Sequence[Part]
    pictures: Mapping[str, np.ndarray] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain values by name: `settings`, the figures, and `measures`."""
        return {"settings": dict(self.settings), **self.figures, "measures": list(self.measures)}

    def report(self, console: Console) -> None:
        """Prints the figures as tables."""
        for part in self.parts:
            part.report(console)


@dataclass(frozen=True)
class FigureTable:
    """A table with a row for each figure, and a column for each set of examples.

    Attributes:
      title, caption: above and below the table.
      columns: the figures of each column. Those that are no numbers are left out. In a row, ↑ says that higher is
        better, and ↓ that lower is.
      titles: what a row is called, by the name of its figure, where that differs from `figures.FIGURES`.
    """

    title: str
    columns: Columns
    caption: str | None = None
    titles: Mapping[str, str] = field(default_factory=dict)

    def report(self, console: Console) -> None:
        names = dict.fromkeys(name for figures in self.columns.values() for name, x in figures.items() if is_number(x))
        rows = [
            (self.titles.get(name, figure(name).row), *(_cell(name, each.get(name)) for each in self.columns.values()))
            for name in names
        ]
        print_table(self.title, ("", *self.columns), rows, console, self.caption)


def flat(columns: Columns) -> dict[str, Any]:
    """The figures of all columns by their names in `Evaluation.figures`."""
    return {f"{name}{_ENDINGS[column]}": x for column, figures in columns.items() for name, x in figures.items()}


def in_columns(figures: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """The numbers among figures by column: the inverse of `flat`. Columns without numbers are left out."""
    columns: dict[str, dict[str, float]] = {column: {} for column in _ENDINGS}
    for name, value in figures.items():
        if is_number(value):
            column = next((each for each, ending in _ENDINGS.items() if ending and name.endswith(ending)), SAMPLES)
            columns[column][name.removesuffix(_ENDINGS[column])] = value
    return {column: found for column, found in columns.items() if found}


def _cell(name: str, value: Any) -> str:
    return format(value, figure(name).format) if is_number(value) else ""
