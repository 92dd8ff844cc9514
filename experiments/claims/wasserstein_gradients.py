"""(16) Training with three times as many updates of D, by the minimax, the non-saturating and the Wasserstein loss."""

from functools import partial

import numpy as np
import optax
from claim import Claim, Found, Judgement
from effects import mean
from populations import train
from rings import covered, high_quality, ring_gan, samples
from vanishing_gradients import OBJECTIVES

NAMES = ("minimax", "non-saturating", "Wasserstein, GP")
LEAST, NEAR = 1.0, 0.5  # a third of the way between two modes


def measure(name, seeds, quick):
    objective, regularizers = OBJECTIVES[name]

    def build(values):
        return ring_gan(objective, optax.adam(1e-3, b1=0.5), regularizers=regularizers, discriminator_updates=3)

    points = train(build, seeds, 20 if quick else 2000, samples)["samples"][:, -1]
    return {"covered": covered(points, NEAR), "good": high_quality(points)}


def judge(found: Found) -> Judgement:
    wasserstein = found["Wasserstein, GP"]
    effects = [
        mean(
            f"modes more that samples come near, than with {name}",
            wasserstein["covered"] - found[name]["covered"],
            above=LEAST,
            tests=2,
        )
        for name in NAMES[:2]
    ]
    modes = {name: found[name]["covered"].mean() for name in NAMES}
    good = {name: found[name]["good"].mean() for name in NAMES}
    return Judgement(
        "supported" if all(e.holds for e in effects) else "depends" if effects[0].holds else "not supported",
        f"With Wasserstein's loss and the gradient penalty, samples come near {modes['Wasserstein, GP']:.1f} of 8 "
        f"modes, with the minimax loss {modes['minimax']:.1f} and with the non-saturating one "
        f"{modes['non-saturating']:.1f}. Of the samples "
        f"{good['Wasserstein, GP']:.0%}, {good['minimax']:.0%} and {good['non-saturating']:.0%} lie on a mode.",
        effects,
    )


def draw(figure, found: Found) -> None:
    left, right = figure.subplots(1, 2)
    left.violinplot([found[name]["covered"] for name in NAMES], showmedians=True)
    right.violinplot([found[name]["good"] for name in NAMES], showmedians=True)
    for ax, title in ((left, "modes with samples near"), (right, "share of samples on a mode")):
        ax.set(title=title, xticks=np.arange(3) + 1, xticklabels=NAMES)


CLAIM = Claim(
    number=16,
    says="The Wasserstein loss cures vanishing gradients.",
    expects=f"With three updates of D in a step, samples come within {NEAR:g} of at least {LEAST:g} mode more.",
    arms={name: partial(measure, name) for name in NAMES},
    judge=judge,
    draw=draw,
    seeds=32,
)
