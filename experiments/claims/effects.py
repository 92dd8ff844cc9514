"""Effects with confidence intervals, and whether they meet the threshold that a claim has fixed.

`tests` is the number of intervals that a claim looks at together. Each covers 1 - 0.05 / tests (Bonferroni), so that
all of them cover at once in 95% of the cases.
"""

from collections.abc import Sequence

import numpy as np
from claim import Effect, Verdict
from scipy import stats

_ALPHA = 0.05


def mean(
    what: str, values: np.ndarray, *, above: float | None = None, below: float | None = None, tests: int
) -> Effect:
    """The mean over seeds, (N,) with N at least 2, and its interval by a bootstrap of 2,000 draws (percentiles).

    above, below: the mean is to be greater, or less, than this, or between both.
    """
    values = np.asarray(values, np.float64)
    draws = np.random.default_rng(0).integers(0, len(values), (2000, len(values)))
    low, high = np.quantile(values[draws].mean(1), [_ALPHA / tests / 2, 1 - _ALPHA / tests / 2])
    return _effect(what, float(values.mean()), float(low), float(high), above, below)


def share(
    what: str, flags: np.ndarray, *, above: float | None = None, below: float | None = None, tests: int
) -> Effect:
    """The share of seeds, bool (N,), for which something is so, and its exact interval (Clopper and Pearson)."""
    flags = np.asarray(flags, bool)
    interval = stats.binomtest(int(flags.sum()), len(flags)).proportion_ci(1 - _ALPHA / tests, method="exact")
    return _effect(what, float(flags.mean()), float(interval.low), float(interval.high), above, below)


def verdict(effects: Sequence[Effect]) -> Verdict:
    """Of a statement that needs all of the effects: it depends on something if only some hold."""
    holds = [effect.holds for effect in effects]
    return "supported" if all(holds) else "depends" if any(holds) else "not supported"


def _effect(what: str, value: float, low: float, high: float, above: float | None, below: float | None) -> Effect:
    limits = [f"{word} {limit:g}" for word, limit in (("above", above), ("below", below)) if limit is not None]
    holds = (above is None or low > above) and (below is None or high < below)
    return Effect(what, value, low, high, " and ".join(limits), holds)
