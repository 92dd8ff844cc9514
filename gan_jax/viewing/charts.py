"""Curves of metrics that zoom together, as Bokeh figures."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from bokeh.models import DataRange1d, HoverTool
from bokeh.palettes import Category10_10
from bokeh.plotting import figure

from gan_jax.reporting import EVALUATION, Kind, kind, metric_panels, smooth

_HEIGHT, _WIDTH = 260, 520

# More points than a page can show only make it slow.
_MOST_POINTS = 1500


def charts(rows: Sequence[Mapping[str, Any]]) -> list[figure]:
    """A figure for each kind of metrics of one run, with a line for each metric: smoothed over the values themselves.

    rows: lines of metrics.jsonl.
    """
    steps = DataRange1d(range_padding=0)
    return [
        _figure([(_label(name), rows, name, colour(i)) for i, name in enumerate(panel)], "", steps)
        for panel in metric_panels([dict(row) for row in rows])
    ]


def compared_charts(logs: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[figure]:
    """A figure for each metric of several runs, with a line for each run.

    logs: lines of metrics.jsonl by the names of the runs, whose colours are those of `colour` in this order.
    """
    steps = DataRange1d(range_padding=0)
    names = [name for panel in metric_panels([dict(row) for rows in logs.values() for row in rows]) for name in panel]
    return [
        _figure([(run, rows, name, colour(i)) for i, (run, rows) in enumerate(logs.items())], _label(name), steps)
        for name in dict.fromkeys(names)
    ]


def colour(number: int) -> str:
    """The colour of line `number`. There are ten of them."""
    return Category10_10[number % 10]


def _label(name: str) -> str:
    return name.removeprefix(EVALUATION).replace("_", " ")


def _figure(
    lines: Sequence[tuple[str, Sequence[Mapping[str, Any]], str, str]], title: str, steps: DataRange1d
) -> figure:
    """lines: their labels, the rows and the metric that they show, and their colours."""
    curves = [(label, *_curve(rows, name), colour) for label, rows, name, colour in lines]
    positive = any(np.any((values > 0) & np.isfinite(values)) for _, _, values, _ in curves)
    made = figure(
        title=title or None,
        width=_WIDTH,
        height=_HEIGHT,
        x_range=steps,
        x_axis_label="step",
        y_axis_type="log" if kind(lines[0][2]) is Kind.NORM and positive else "linear",
        tools="pan,wheel_zoom,box_zoom,reset,save",
        active_drag="box_zoom",
        sizing_mode="stretch_width",
    )
    for label, at, values, shade in curves:
        if not len(at):
            continue
        few = len(at) < 40
        if few:
            made.scatter(at, values, color=shade, size=5, legend_label=label)
        else:
            made.line(at, values, color=shade, alpha=0.25, legend_label=label)
        line = made.line(at, smooth(values), color=shade, line_width=1.8, legend_label=label)
        made.add_tools(HoverTool(renderers=[line], tooltips=[("", label), ("step", "@x"), ("value", "@y{0.0000}")]))
    if made.legend:
        legend = made.legend[0]
        made.add_layout(legend, "above")  # where it hides no line
        legend.update(orientation="horizontal", click_policy="hide", label_text_font_size="9pt", border_line_alpha=0)
        legend.update(ncols=3, padding=0, spacing=10)
    made.toolbar.logo = None
    made.toolbar.autohide = True
    return made


def _curve(rows: Sequence[Mapping[str, Any]], name: str) -> tuple[np.ndarray, np.ndarray]:
    """The steps and the values of a metric, without those that are no numbers, evenly thinned if there are many."""
    found = [(row["step"], row[name]) for row in rows if isinstance(row.get(name), int | float)]
    found = [(step, value) for step, value in found if math.isfinite(value)]
    every = max(1, -(-len(found) // _MOST_POINTS))
    at, values = np.array(found[::every], float).reshape(-1, 2).T
    return at, values
