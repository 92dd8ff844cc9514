"""(13) How many of the ring's eight modes the samples cover at the end, over many seeds."""

from functools import partial

import numpy as np
import optax
from claim import Claim, Found, Judgement
from effects import share
from populations import train
from rings import covered, ring_gan, samples

from gan_jax.objectives import minimax, non_saturating

ARMS = {"non-saturating": non_saturating, "minimax": minimax}
RARE, COMMON = 0.05, 0.5


def measure(arm, seeds, quick):
    def build(values):
        return ring_gan(ARMS[arm], optax.adam(1e-3, b1=0.5))

    found = train(build, seeds, 20 if quick else 3000, samples)
    return {"covered": covered(found["samples"][:, -1])}


def judge(found: Found) -> Judgement:
    counts, other = (found[arm]["covered"] for arm in ARMS)
    effects = [
        share("one mode or none", counts <= 1, below=RARE, tests=2),
        share("two to seven modes", (counts > 1) & (counts < 8), above=COMMON, tests=2),
    ]
    return Judgement(
        "supported" if all(effect.holds for effect in effects) else "depends",
        f"Of {len(counts)} runs, {in_words(counts)} (non-saturating loss). With the minimax loss, {in_words(other)}.",
        effects,
    )


def in_words(counts) -> str:
    none, some, every = np.sum(counts <= 1), np.sum((counts > 1) & (counts < 8)), np.sum(counts == 8)
    return f"{none} end with one mode or none, {some} with two to seven, and {every} with all eight"


def draw(figure, found: Found) -> None:
    for ax, (arm, measures) in zip(figure.subplots(1, 2, sharey=True), found.items(), strict=True):
        ax.bar(range(9), np.bincount(measures["covered"], minlength=9))
        ax.set(title=arm, xlabel="modes covered", xticks=range(9))
    figure.axes[0].set_ylabel("runs")


CLAIM = Claim(
    number=13,
    says="Full mode collapse is rare, and partial collapse is common.",
    expects=f"Fewer than {RARE:.0%} of the runs have one mode or none, and more than {COMMON:.0%} some of the modes.",
    arms={arm: partial(measure, arm) for arm in ARMS},
    judge=judge,
    draw=draw,
    seeds=256,
)
