"""Curves of the metrics of a run, and curves and results of a sweep."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gan_jax.common.files import write_aside
from gan_jax.reporting.metric_names import EVALUATION, Kind, kind

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

Colour = tuple[float, float, float, float]  # red, green, blue and alpha in [0, 1]

# The kinds of metrics in each panel, from top to bottom.
_PANELS = ((Kind.LOSS,), (Kind.OUTPUT, Kind.ACCURACY), (Kind.NORM,), (Kind.OTHER,))


def save_curves(rows: Sequence[dict], path: Path) -> None:
    """Draws the metrics of a run over its steps, with smoothed curves, in one panel for each kind, as a PNG file.

    rows: lines of metrics.jsonl. Raises OSError if the file cannot be written.

    >>> rows = [{"step": 20, "generator_loss": 0.9, "D(x)": 0.6}, {"step": 40, "generator_loss": 0.8, "D(x)": 0.5}]
    >>> reporting.save_curves(rows, Path("curves.png"))
    >>> Path("curves.png").exists()
    True
    """
    from matplotlib.figure import Figure

    panels = metric_panels(rows)
    figure = Figure(figsize=(8, 3 * len(panels)), layout="constrained")
    for i, panel in enumerate(panels):
        axes = figure.add_subplot(len(panels), 1, i + 1)
        for name in panel:
            steps, values = np.array([(row["step"], row[name]) for row in rows if name in row], float).T
            (line,) = axes.plot(steps, values, alpha=0.25, linewidth=0.8)
            label = name.removeprefix(EVALUATION).replace("_", " ")
            axes.plot(steps, smooth(values), color=line.get_color(), label=label)
            if kind(name) is Kind.EVALUATION:  # there are few of these
                axes.plot(steps, values, ".", color=line.get_color())
        # A logarithmic scale needs a value to show, and the gradients of a dead game are 0 or infinite.
        if kind(panel[0]) is Kind.NORM and any(0 < (row.get(name) or 0) < math.inf for row in rows for name in panel):
            axes.set_yscale("log")
        axes.legend()
        axes.grid(alpha=0.3)
        axes.set_xlabel("step")
    write_aside(path, lambda file: figure.savefig(file, format="png", dpi=100))


def metric_panels(rows: Sequence[dict]) -> list[list[str]]:
    """The names of the metrics that are drawn, those of one panel together. rows: lines of metrics.jsonl.

    >>> row = {"step": 20, "generator_loss": 0.9, "discriminator_loss": 1.2, "D(x)": 0.6, "D(G(z))": 0.4}
    >>> reporting.metric_panels([row])
    [['generator_loss', 'discriminator_loss'], ['D(x)', 'D(G(z))']]
    """
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if name != "step"]
    panels = [panel for kinds in _PANELS if (panel := [name for name in names if kind(name) in kinds])]
    return panels + _evaluation_panels([name for name in names if kind(name) is Kind.EVALUATION], rows)


def _evaluation_panels(names: Sequence[str], rows: Sequence[dict]) -> list[list[str]]:
    """A panel for those whose values are all between 0 and 1, which are shares, and one for each of the others."""
    shares = [name for name in names if all(0 <= row[name] <= 1 for row in rows if name in row)]
    return [*([shares] if shares else []), *([name] for name in names if name not in shares)]


def smooth(values: np.ndarray) -> np.ndarray:
    """The centred moving average of values (T,) over about T / 20 of them, and over fewer near the ends.

    >>> flicker = np.tile([0.0, 1.0], 50)
    >>> reporting.smooth(flicker)[48:52].tolist()  # over five values each
    [0.4, 0.6, 0.4, 0.6]
    """
    width = min(max(1, len(values) // 20), len(values)) | 1
    window = np.ones(width)
    counts = np.convolve(np.ones(len(values)), window, mode="same")
    return np.convolve(values, window, mode="same")[: len(values)] / counts[: len(values)]


class Curve(NamedTuple):
    """The mean over the members of a sweep at `steps` (T,), and the ends of its confidence band.

    `mean`, `low` and `high` are (T,). `low` and `high` are None if there is no band.
    """

    label: str
    steps: np.ndarray
    mean: np.ndarray
    low: np.ndarray | None
    high: np.ndarray | None


class Points(NamedTuple):
    """One number of each member of a sweep, their mean, and the ends of its confidence interval.

    `low` and `high` are None if there is no interval.
    """

    label: str
    members: Sequence[float]
    mean: float
    low: float | None
    high: float | None


def save_sweep(
    curves: Mapping[str, Sequence[Curve]],
    results: Mapping[str, Sequence[Points]],
    labels: str,
    confidence: float,
    path: Path,
) -> None:
    """Draws one panel for each entry of `curves` and of `results`, and writes them to `path` as one PNG file.

    Each label has the same colour in all panels. At least one panel is needed.

    curves, results: what to draw in a panel, by the panel's title.
    labels: the name of what differs between the labels, such as a hyperparameter.
    confidence: the level of the confidence bands and intervals, in [0, 1].

    Raises OSError if the file cannot be written.
    """
    from matplotlib.figure import Figure

    drawn = [summary for panel in (*curves.values(), *results.values()) for summary in panel]
    colours = _colours(list(dict.fromkeys(summary.label for summary in drawn)))
    panels = len(curves) + len(results)
    columns = panels if panels <= 3 else 2
    rows = math.ceil(panels / columns)
    figure = Figure(figsize=(4.6 * columns, 3.8 * rows), layout="constrained")
    figure.suptitle(_heading(any(summary.low is not None for summary in drawn), confidence), fontsize=10)
    lines: dict[str, Line2D] = {}
    for place, (title, panel) in enumerate(curves.items(), 1):
        axes = figure.add_subplot(rows, columns, place, title=title, xlabel="step")
        lines |= _draw_curves(axes, panel, colours)
    for place, (title, panel) in enumerate(results.items(), len(curves) + 1):
        axes = figure.add_subplot(rows, columns, place, title=title, xlabel=labels)
        _draw_results(axes, panel, colours)
    if len(lines) > 1:
        figure.legend(
            list(lines.values()), list(lines), title=labels, loc="outside lower center", ncols=min(4, len(lines))
        )
    write_aside(path, lambda file: figure.savefig(file, format="png", dpi=100))


def _heading(several_seeds: bool, confidence: float) -> str:
    shown = f"mean over seeds and its {confidence:.0%} confidence interval" if several_seeds else "one seed each"
    return f"{shown}; curves smoothed"


def _colours(labels: Sequence[str]) -> dict[str, Colour]:
    """A colour for each label, in the order of a colour map, as labels are ordered values."""
    from matplotlib import colormaps

    # Not the whole map, because its yellow end is hard to see on white.
    return {label: colormaps["viridis"](0.8 * i / max(1, len(labels) - 1)) for i, label in enumerate(labels)}


def _draw_curves(axes: "Axes", panel: Sequence[Curve], colours: Mapping[str, Colour]) -> "dict[str, Line2D]":
    """Draws means as lines and their confidence as bands. Returns the lines by label."""
    lines = {}
    for curve in panel:
        colour = colours[curve.label]
        (lines[curve.label],) = axes.plot(curve.steps, curve.mean, color=colour, linewidth=1.5)
        if curve.low is not None and curve.high is not None:
            axes.fill_between(curve.steps, curve.low, curve.high, color=colour, alpha=0.18, linewidth=0)
    axes.grid(alpha=0.3)
    return lines


def _draw_results(axes: "Axes", panel: Sequence[Points], colours: Mapping[str, Colour]) -> None:
    """Draws means with their confidence intervals, one label beside the other, and the members beside their mean."""
    labels = list(colours)
    for points in panel:
        x, colour = labels.index(points.label), colours[points.label]
        beside = x + 0.12 + np.linspace(0, 0.2, len(points.members))  # spread, so that equal members are all visible
        axes.plot(beside, points.members, "o", color=colour, alpha=0.45, markersize=5)
        reach = None
        if points.low is not None and points.high is not None:
            reach = [[points.mean - points.low], [points.high - points.mean]]
        axes.errorbar([x], [points.mean], reach, fmt="D", color=colour, capsize=5, markersize=6, linewidth=1.5)
    ticks = [label.replace(", ", "\n") for label in labels]
    axes.set_xticks(range(len(labels)), ticks, fontsize=10 if len(labels) < 6 else 8)
    axes.set_xlim(-0.6, len(labels) - 0.4)
    axes.grid(alpha=0.3, axis="y")
