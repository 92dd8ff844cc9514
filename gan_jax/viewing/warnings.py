"""What looks wrong with a run, in words: that it is dead, that a player wins, that samples are alike or modes missing.

A dead game is found while it trains (`training.health`). The other signs are weaker: they are worth a look, and say so.
They are means over the last tenth of the lines of metrics.jsonl, and the figures of the newest evaluation.
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gan_jax.reporting import is_number
from gan_jax.training.health import SPREAD

# Mean outputs and shares beyond which a discriminator tells nearly all apart.
_APART = 0.9
# The share of the spread, of recall or coverage, and of the images of a class, of real ones below which samples lack
# variety.
_ALIKE, _FEW, _MISSING = 0.5, 0.5, 0.2
# The share of held-out images that a discriminator takes for real, below which it knows its training images by heart.
_BY_HEART = 0.5


def warnings(rows: Sequence[Mapping[str, Any]], evaluations: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns sentences about what looks wrong. None of them is sure, except that the game is dead or has failed.

    rows: lines of metrics.jsonl. evaluations: those of evaluation.json, the newest one first.
    """
    found = [*_events(rows), *_at_the_end(rows)]
    if evaluations:
        found += _in_evaluation(evaluations[0])
    return found


def _events(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for row in rows:
        if "failed" in row:
            yield f"The loss of the {row['failed']} became {row.get('loss')} at step {row['step']:,}."
        elif "dead" in row:
            yield f"The game is dead at step {row['step']:,}: {row['dead']}."
        elif "alive" in row:
            yield f"The game is alive again at step {row['step']:,}: {row['alive']}."


def _at_the_end(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    mean = _means(rows)
    real, fake = mean.get("D(x)"), mean.get("D(G(z))")
    if real is not None and fake is not None and real > _APART and fake < 1 - _APART:
        yield (
            f"The discriminator wins: D(x) is {real:.2f} and D(G(z)) is {fake:.2f} at the end. Regularize it, give it "
            "less capacity or a lower learning rate."
        )
    right, held_out = mean.get("accuracy_real"), mean.get("accuracy_held_out")
    if right is not None and held_out is not None and right > _APART and held_out < _BY_HEART * right:
        yield (
            f"The discriminator knows its training images by heart: it takes {right:.0%} of them for real, and "
            f"{held_out:.0%} of held-out ones. Augmentation such as ADA helps if there are few images."
        )
    spread = mean.get(SPREAD)
    if spread is not None and spread < _ALIKE:
        yield f"Collapse is suspected: the spread of the samples is {spread:.0%} of that of real examples."


def _means(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The means of metrics over the last tenth of the lines that have them."""
    values: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.items():
            if isinstance(value, int | float):
                values.setdefault(name, []).append(value)
    return {name: statistics.fmean(each[-max(1, len(each) // 10) :]) for name, each in values.items()}


def _in_evaluation(found: Mapping[str, Any]) -> Iterator[str]:
    for name in ("recall", "coverage"):
        made, real = found.get(name), found.get(f"{name}_real")
        if is_number(made) and is_number(real) and made < _FEW * real:
            yield f"Samples lack variety: their {name} is {made:.2f}, and that of real images is {real:.2f}."
    names, made, real = (found.get(name) for name in ("classes", "class_shares", "class_shares_real"))
    if isinstance(names, list) and isinstance(made, list) and isinstance(real, list):
        rare = [
            name
            for name, a, b in zip(names, made, real, strict=False)
            if is_number(a) and is_number(b) and a < _MISSING * b
        ]
        if rare:
            yield f"Hardly any sample looks like {', '.join(map(str, rare))}."
