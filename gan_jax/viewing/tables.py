"""Tables of a page: settings and figures, as rows of words."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gan_jax.evaluation.figures import figure
from gan_jax.evaluation.result import in_columns
from gan_jax.viewing.folders import Shown


class Table(NamedTuple):
    """A table. The first cell of each row is its heading. note: what stands below."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


def evaluation_table(found: Mapping[str, Any]) -> Table:
    """The figures of an evaluation, with a column for samples and for each kind of real images beside them."""
    columns = in_columns({name: x for name, x in found.items() if name not in ("step", "seed")})
    names = dict.fromkeys(name for figures in columns.values() for name in figures)
    rows = [(figure(name).row, *(_number(name, each.get(name)) for each in columns.values())) for name in names]
    settings = found.get("settings") or {}
    seen = ", ".join(f"{name.replace('_', ' ')} {settings[name]}" for name in _SEEN if settings.get(name) is not None)
    return Table(("", *columns), rows, f"Step {found.get('step')}, seed {found.get('seed')}; {seen}.")


_SEEN = ("features", "count", "against")


def class_table(found: Mapping[str, Any]) -> Table | None:
    """The share of samples and of real images in each class, as classified. None for an evaluation without classes."""
    names, made, real = (found.get(name) for name in ("classes", "class_shares", "class_shares_real"))
    own = found.get("class_accuracies")
    if not (isinstance(names, list) and isinstance(made, list) and isinstance(real, list)):
        return None
    columns = [names, map(_share, made), map(_share, real)]
    headings = ["class", "samples", "real: training"]
    if isinstance(own, list):
        columns.append(map(_share, own))
        headings.append("classified as this")
    return Table(headings, list(zip(*columns, strict=False)))


def settings_table(runs: Sequence[Shown], differing: bool = False) -> Table:
    """The settings of runs side by side, all of them or only those that differ."""
    names = dict.fromkeys(name for run in runs for name in run.settings)
    rows = [(name, *(_text(run.settings.get(name)) for run in runs)) for name in names]
    if differing:
        rows = [row for row in rows if len(set(row[1:])) > 1]
    return Table(("", *(run.name for run in runs)), rows)


def compared_table(runs: Sequence[Shown]) -> Table | None:
    """The measures of the newest evaluation of each run. None if there are none."""
    found = [run.summary.figures for run in runs]
    names = dict.fromkeys(name for figures in found for name in figures)
    rows = [(figure(name).row, *(_number(name, figures.get(name, (None,))[0]) for figures in found)) for name in names]
    return Table(("", *(run.name for run in runs)), rows) if rows else None


def sweep_table(combinations: Sequence[Mapping[str, Any]]) -> Table | None:
    """The means over seeds of each combination of values, with their confidence intervals. None if there are none."""
    if not combinations:
        return None
    titles = [", ".join(f"{name}={value}" for name, value in each["values"].items()) or "all" for each in combinations]
    names = dict.fromkeys(name for each in combinations for name in each["measures"])
    rows = [
        (figure(name).row, *(_interval(name, each["measures"].get(name)) for each in combinations)) for name in names
    ]
    counts = ("seeds that finished", *(f"{each['finished']} of {each['members']}" for each in combinations))
    return Table(("", *titles), [*rows, counts], "The mean over seeds, and its 95% confidence interval in brackets.")


def _interval(name: str, spread: Mapping[str, Any] | None) -> str:
    if not spread:
        return ""
    mean, *ends = (_number(name, spread.get(key)) for key in ("mean", "low", "high"))
    return f"{mean} [{ends[0]}, {ends[1]}]" if all(ends) else mean


def _number(name: str, value: Any) -> str:
    return format(value, figure(name).format) if isinstance(value, int | float) else ""


def _share(value: Any) -> str:
    return f"{value:.1%}" if isinstance(value, int | float) else ""


def _text(value: Any) -> str:
    if value is None or value == []:
        return "–"
    if isinstance(value, list):
        return " ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
