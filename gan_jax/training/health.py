"""Whether a game is dead: whether its players can no longer learn from each other.

Four signs are read from the lines of metrics.jsonl. A game is dead while at least one of them lasts:

- The gradients of a player have vanished: their norm is below 1e-8. That is the epsilon of Adam, which moves a player
  less and less below it. Healthy players are six orders of magnitude above.
- The loss of a player has exploded: it is beyond 1e6 in either direction. Even the scores of critics, which have
  no bound, stay far below.
- A discriminator has won: its outputs are within 0.001 of 1 for real and of 0 for generated examples. It then has
  nothing more to learn, and nothing that it says tells one generated example from another. Scores of critics without a
  bound, such as Wasserstein's, say nothing about this.
- The samples are all alike: their spread is below 2% of that of real examples. A generator that has just been
  initialized makes such samples, and so does its moving average for a while.

A sign lasts if nine tenths of the lines show it over 10 lines and 200 steps. The discriminator must have won for 1,000
steps, since it often does so for a while in the beginning, and samples must be alike for 1,000 steps and 3 pictures. So
neither a bad start nor a single bad batch is called dead. A sign is gone when fewer than half of the lines show it.
Both depend on the lines alone, so a run that was resumed says the same at the same step.

With a learning rate of 1e3, DCGAN, LSGAN, WGAN-GP and SNGAN on digits and the ring of Gaussians show the first sign,
and all but SNGAN the second, from step 20 on. With one of 0.1, DCGAN shows the third from step 320 on. With their own
settings, in the first hundreds of steps of twenty experiments and for 3,000 steps of a DCGAN that sees only 50 digits,
norms were at least 0.019, losses at most 132, D(x) at most 0.997, and the spread of samples of digits at least 16%.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from gan_jax.reporting import Kind, kind

SPREAD = "sample_spread"

_VANISHED = 1e-8
_EXPLODED = 1e6
_WON = 1e-3
_ALIKE = 0.02

# The share of lines that show a sign when it begins to last, and below which it is gone.
_BEGINS, _GONE = 0.9, 0.5


class _Patience(NamedTuple):
    """How many lines, over how many steps, must show a sign."""

    lines: int
    steps: int


_SOON = _Patience(10, 200)
_LATE = _Patience(10, 1000)
_PICTURES = _Patience(3, 1000)


class Health:
    """Follows the signs of a dead game through the lines of metrics.jsonl. `dead` says which of them last, if any."""

    def __init__(self) -> None:
        self._signs: dict[str, _Sign] = {}

    @property
    def dead(self) -> str | None:
        """Why the game is dead, in words that follow "the game is dead:", or None."""
        lasting = [f"{text} since step {sign.since}" for text, sign in self._signs.items() if sign.lasts]
        return "; ".join(lasting) or None

    def update(self, row: Mapping[str, Any]) -> dict[str, str] | None:
        """Takes the next line. Returns {"dead": why} if the game is dead from here on, {"alive": why} if no longer."""
        before = self.dead
        for text, patience, shown in _signs(row):
            self._signs.setdefault(text, _Sign(patience)).update(row["step"], shown)
        now = self.dead
        if (before is None) == (now is None):
            return None
        return {"dead": now} if now else {"alive": f"it is over that {before}"}


def dead_at_the_end(rows: Sequence[Mapping[str, Any]]) -> str | None:
    """Why the game was dead at the last of these lines of metrics.jsonl, as the lines themselves say it, or None."""
    events = [row for row in rows if "dead" in row or "alive" in row]
    return events[-1].get("dead") if events else None


def sample_spread(samples: np.ndarray, real: np.ndarray) -> float:
    """The spread of samples relative to that of real examples: 0 if all samples are the same, about 1 if all is well.

    samples, real: images uint8 (N, H, W, C) and (M, H, W, C), or points (N, D) and (M, D), N and M at least 2. The
    spread is the square root of the variance over the examples, averaged over the H W C or D values of an example. It
    is 1 if all real examples are the same.
    """
    spreads = [np.sqrt(np.mean(np.var(np.asarray(x, np.float32), axis=0))) for x in (samples, real)]
    return float(spreads[0] / spreads[1]) if spreads[1] > 0 else 1.0


@dataclass
class _Sign:
    """A sign, and the shortest window of the newest lines that its patience asks for: their steps, who shows it."""

    patience: _Patience
    window: deque[tuple[int, bool]] = field(default_factory=deque)
    count: int = 0  # the lines of the window that show it
    lasts: bool = False
    since: int = 0

    def update(self, step: int, shown: bool) -> None:
        self.window.append((step, shown))
        self.count += shown
        while len(self.window) > self.patience.lines and step - self.window[1][0] >= self.patience.steps:
            self.count -= self.window.popleft()[1]
        if len(self.window) < self.patience.lines or step - self.window[0][0] < self.patience.steps:
            return
        share = self.count / len(self.window)
        if not self.lasts and share >= _BEGINS:
            self.lasts, self.since = True, next(step for step, shown in self.window if shown)
        elif share < _GONE:
            self.lasts = False


def _signs(row: Mapping[str, Any]) -> list[tuple[str, _Patience, bool]]:
    """The signs that a line can show, each in words, with its patience, and whether the line shows it."""
    signs = []
    for name, value in row.items():
        if value is None:
            continue
        if kind(name) is Kind.NORM:
            player = name.removesuffix("_gradient_norm")
            signs.append((f"the {player}'s gradients have been below {_VANISHED:g}", _SOON, value < _VANISHED))
        elif kind(name) is Kind.LOSS:
            player = name.removesuffix("_loss")
            signs.append((f"the {player}'s loss has been beyond {_EXPLODED:g}", _SOON, abs(value) > _EXPLODED))
        elif name == SPREAD:
            text = f"the samples have been all alike, their spread below {_ALIKE:.0%} of that of real examples,"
            signs.append((text, _PICTURES, value < _ALIKE))
    for real, fake in _judgements(row):
        won = abs(row[real] - 1) < _WON and abs(row[fake]) < _WON
        signs.append((f"the discriminator has won everything, {real} = 1 and {fake} = 0,", _LATE, won))
    return signs


def _judgements(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The names of the mean outputs for real and for generated examples, of each discriminator.

    They are D(x) and D(G(z)), D(x,y) and D(x,G(x)), or D_A(a) and D_A(F(b)).
    """
    outputs: dict[str, list[str]] = {}
    for name, value in row.items():
        if kind(name) is Kind.OUTPUT and name.startswith("D") and value is not None:
            outputs.setdefault(name.partition("(")[0], []).append(name)
    pairs = [sorted(names, key=lambda name: name.count("(")) for names in outputs.values()]
    return [(pair[0], pair[1]) for pair in pairs if len(pair) == 2]
