"""Pages about runs: one HTML file each, which needs no network."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from bokeh.embed import components
from bokeh.layouts import gridplot
from bokeh.model import Model
from bokeh.models import LayoutDOM
from bokeh.resources import Resources
from jinja2 import Environment

from gan_jax.viewing.charts import charts, colour, compared_charts
from gan_jax.viewing.films import film, source, strip
from gan_jax.viewing.folders import read_combinations, read_shown
from gan_jax.viewing.tables import class_table, compared_table, evaluation_table, settings_table, sweep_table
from gan_jax.viewing.warnings import warnings

_TEMPLATE = "page.html"

# What the charts, the slider and the layouts need of Bokeh, inside of the page.
_BOKEH = Resources(mode="inline", components=["bokeh", "bokeh-widgets"])


def page_of(folders: Sequence[Path]) -> str:
    """The HTML of a page about a run, or about several runs beside each other. A sweep stands for its members.

    Raises UsageError for folders that hold no run.
    """
    runs = read_shown(folders)
    alone = runs[0] if len(runs) == 1 else None
    drawn = charts(alone.rows) if alone else compared_charts({run.name: run.rows for run in runs})
    parts: dict[str, Model] = {}
    if drawn:
        parts["charts"] = gridplot(
            [list(pair) for pair in _pairs(drawn)],
            merge_tools=False,
            sizing_mode="stretch_width",
            toolbar_location=None,
        )
    if moving := film({run.name: run.samples for run in runs}):
        parts["film"] = moving
    script, divs = components(parts) if parts else ("", {})
    newest = alone.evaluations[0] if alone and alone.evaluations else None
    return _template().render(
        title=alone.name if alone else f"{len(runs)} runs",
        runs=[
            {"run": run, "colour": colour(i), "warnings": warnings(run.rows, run.evaluations)}
            for i, run in enumerate(runs)
        ],
        alone=alone,
        bokeh=_BOKEH.render_js() if parts else "",
        script=script,
        divs=divs,
        strip=strip(alone.samples) if alone else [],
        evaluation=evaluation_table(newest) if newest else None,
        classes=class_table(newest) if newest else None,
        means=sweep_table(read_combinations(folders)),
        compared=compared_table(runs),
        settings=settings_table(runs),
        differing=settings_table(runs, differing=True),
        closest=source(alone.closest) if alone and alone.closest else None,
    )


def _pairs(figures: Sequence[LayoutDOM]) -> list[Sequence[LayoutDOM]]:
    return [figures[i : i + 2] for i in range(0, len(figures), 2)]


def _template():
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(files("gan_jax.viewing").joinpath(_TEMPLATE).read_text(encoding="utf-8"))
