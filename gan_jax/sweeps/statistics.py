"""The statistics of a sweep: the mean over seeds of every measure, with its confidence interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gan_jax.evaluation.figures import figure
from gan_jax.sweeps.members import Member
from gan_jax.sweeps.varied_values import Value

CONFIDENCE = 0.95


class Spread(NamedTuple):
    """Statistics of N numbers, or of each point of N curves. Those that need more than one number are None for N = 1.

    count: N.
    mean: the mean.
    deviation: the standard deviation of the sample, with N - 1 in the denominator.
    low, high: the confidence interval of the mean, by Student's t with N - 1 degrees of freedom. It assumes that the
        numbers are approximately normally distributed. It is cut at the limits of the numbers: if they lie in a range,
        so does their mean, and what is left of the interval holds the mean exactly as often as all of it. (An interval
        on a transformed scale, such as that of the logit, stays in the range too. But it is one of another mean, and
        there is none if a number is at a limit. The bootstrap holds the mean of so few numbers too rarely.)
    """

    count: int
    mean: Any
    deviation: Any | None
    low: Any | None
    high: Any | None


def spread(
    values: np.ndarray, confidence: float = CONFIDENCE, limits: tuple[float, float] = (-math.inf, math.inf)
) -> Spread:
    """Returns the statistics over the first axis of values (N, ...), where N is at least 1.

    limits: the least and the greatest number that is possible.
    """
    from scipy.stats import t  # the import is slow

    values = np.asarray(values, float)
    count, mean = len(values), values.mean(0)
    if count == 1:
        return Spread(count, mean, None, None, None)
    deviation = values.std(0, ddof=1)
    reach = t.ppf((1 + confidence) / 2, count - 1) * deviation / math.sqrt(count)
    return Spread(count, mean, deviation, np.maximum(mean - reach, limits[0]), np.minimum(mean + reach, limits[1]))


def limits(measure: str) -> tuple[float, float]:
    """Returns the least and the greatest value that a measure can have."""
    return figure(measure).limits


@dataclass(frozen=True)
class Outcome:
    """The outcome of a member.

    failed: the reason and the step of a failure, or None.
    measures: the measures by name. A failed member has none.
    dead: why its game was dead at the end, or None. Its measures count all the same.
    """

    member: Member
    failed: str | None
    measures: dict[str, float]
    dead: str | None = None


@dataclass(frozen=True)
class Combination:
    """The members that only differ in their seeds.

    spreads: the statistics of each measure over the members that did not fail.
    """

    values: dict[str, Value]
    outcomes: tuple[Outcome, ...]
    spreads: dict[str, Spread]

    @property
    def finished(self) -> list[Outcome]:
        """The outcomes of the members that did not fail."""
        return [outcome for outcome in self.outcomes if outcome.failed is None]

    def numbers(self, measure: str) -> list[float]:
        """Returns the values of a measure for all members that have it."""
        return [outcome.measures[measure] for outcome in self.outcomes if measure in outcome.measures]


def combine(outcomes: Sequence[Outcome]) -> list[Combination]:
    """Groups the outcomes by combinations of values, in the order of their first members."""
    groups: dict[tuple, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(tuple(outcome.member.values.items()), []).append(outcome)
    combinations = []
    for values, members in groups.items():
        group = Combination(dict(values), tuple(members), {})
        spreads = {name: spread(np.array(group.numbers(name)), limits=limits(name)) for name in measures(members)}
        combinations.append(Combination(group.values, group.outcomes, spreads))
    return combinations


def measures(outcomes: Sequence[Outcome]) -> list[str]:
    """Returns the names of all measures in order."""
    return list(dict.fromkeys(name for outcome in outcomes for name in outcome.measures))


def title(measure: str) -> str:
    """Returns the title of a measure in tables and pictures."""
    return figure(measure).title


def to_json(combinations: Sequence[Combination]) -> dict:
    """Returns the numbers of every member and every combination as plain values."""

    def plain(spread: Spread) -> dict:
        return {name: float(x) if isinstance(x, np.generic | np.ndarray) else x for name, x in spread._asdict().items()}

    return {
        "confidence": CONFIDENCE,
        "members": [
            {"name": o.member.name, **o.member.changes, "failed": o.failed, "dead": o.dead, **o.measures}
            for combination in combinations
            for o in combination.outcomes
        ],
        "combinations": [
            {
                "values": combination.values,
                "members": len(combination.outcomes),
                "finished": len(combination.finished),
                "measures": {name: plain(spread) for name, spread in combination.spreads.items()},
            }
            for combination in combinations
        ],
    }


def to_markdown(combinations: Sequence[Combination]) -> str:
    """Returns a table with a row for each combination, its caption, and the members that failed or died."""
    names = measures([outcome for combination in combinations for outcome in combination.outcomes])
    headings = [*combinations[0].values, "members", *map(title, names)]
    lines = [headings, ["---"] * len(headings)]
    for combination in combinations:
        cells = [" ".join(_cells(combination.spreads.get(name))).strip() for name in names]
        lines.append([*map(str, combination.values.values()), _counted(combination), *cells])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return "\n\n".join([table, _caption(), *(f"- {line}" for line in _failures(combinations))]) + "\n"


def report(combinations: Sequence[Combination], console: Console) -> None:
    """Prints the contents of `to_markdown` with a line for each measure, so that it fits a terminal."""
    table = Table("", "mean ± deviation", "interval", box=SIMPLE_HEAD)
    for combination in combinations:
        values = ", ".join(f"{name}={value}" for name, value in combination.values.items()) or "all"
        unit = "member" if len(combination.outcomes) == 1 else "members"
        table.add_row(Text(values, style="bold"), f"{_counted(combination)} {unit}")
        for name, statistics in combination.spreads.items():
            table.add_row(f"  {title(name)}", *_cells(statistics))
    console.print(table)
    for line in (_caption(), *_failures(combinations)):
        console.print(line)


def _counted(combination: Combination) -> str:
    finished, total = len(combination.finished), len(combination.outcomes)
    return str(total) if finished == total else f"{finished} of {total}"


def _cells(spread: Spread | None) -> tuple[str, str]:
    """Returns the mean with its deviation, and the interval."""
    if spread is None:
        return "–", ""
    if spread.deviation is None:
        return f"{spread.mean:.3g} ± –", ""
    return f"{spread.mean:.3g} ± {spread.deviation:.3g}", f"[{spread.low:.3g}, {spread.high:.3g}]"


def _caption() -> str:
    return (
        f"Mean ± standard deviation over the seeds, and the {CONFIDENCE:.0%} confidence interval of the mean "
        "(Student's t), cut at the limits of a measure: a share is between 0 and 1, and a distance at least 0. A dash "
        "means that there are too few members. Losses are means over the last tenth of the log."
    )


def _failures(combinations: Sequence[Combination]) -> list[str]:
    outcomes = [outcome for combination in combinations for outcome in combination.outcomes]
    failed = [f"{o.member.name} failed: {o.failed}. It is not included." for o in outcomes if o.failed]
    return [*failed, *(f"{o.member.name} is dead: {o.dead}. It is included." for o in outcomes if o.dead)]
