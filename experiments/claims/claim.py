"""What a statement about GANs consists of here: what is said, the runs, the test, and the figure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

# By arm, by measure: an array whose first axis is that of the seeds.
Found = Mapping[str, Mapping[str, np.ndarray]]


Verdict = Literal["supported", "not supported", "depends"]


class Effect(NamedTuple):
    """A number that helps to decide.

    what: what was measured. value, low, high: its mean over seeds, and the confidence interval. wanted: the condition
    that was fixed before the runs, in words. holds: whether the whole interval meets it.
    """

    what: str
    value: float
    low: float
    high: float
    wanted: str
    holds: bool


class Judgement(NamedTuple):
    """verdict: of the statement as it is said. why: in one to three sentences, with numbers. effects: its grounds."""

    verdict: Verdict
    why: str
    effects: Sequence[Effect]


@dataclass(frozen=True)
class Claim:
    """A statement.

    number: in the list of statements. says: the statement. expects: what would be seen if it were true.
    arms: the conditions by name, each a function (seeds, quick) -> measures by name. `quick` means tiny settings, which
        say nothing and show that everything runs.
    judge: decides by what was found. It holds the thresholds.
    draw: draws the figure, (figure of matplotlib, what was found) -> None.
    seeds: their usual number.
    """

    number: int
    says: str
    expects: str
    arms: Mapping[str, Callable[[Sequence[int], bool], Mapping[str, np.ndarray]]]
    judge: Callable[[Found], Judgement]
    draw: Callable[[Any, Found], None]
    seeds: int = 64
