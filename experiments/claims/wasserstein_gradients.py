"""(16) Three updates of D in a step, by three losses, each at the best of five learning rates.

Half of the seeds choose the rate, and the others judge.
"""

from functools import partial

import optax
from claim import Claim, Found, Judgement
from effects import mean, verdict
from populations import train
from rates import each_rate
from rings import covered, high_quality, ring_gan, samples
from vanishing_gradients import OBJECTIVES

NAMES = ("minimax", "non-saturating", "Wasserstein, GP")
RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
MORE = 1.0


def measure(name, seeds, quick):
    """The modes that samples cover and the share of good samples, (N, 5)."""
    objective, regularizers = OBJECTIVES[name]

    def build(values):
        adam = optax.adam(values["rate"], b1=0.5)
        return ring_gan(objective, adam, regularizers=regularizers, discriminator_updates=3)

    members, values = each_rate(seeds, RATES)
    points = train(build, members, 20 if quick else 2000, samples, values=values)["samples"][:, -1]
    shape = len(seeds), len(RATES)
    return {"covered": covered(points).reshape(shape), "good": high_quality(points).reshape(shape)}


def chosen(x):
    """The rate that is best for the first half of the seeds, and the modes and shares of the second half with it."""
    half = len(x["covered"]) // 2
    best = x["covered"][:half].mean(0).argmax()
    return RATES[best], x["covered"][half:, best], x["good"][half:, best]


def judge(found: Found) -> Judgement:
    picked = {name: chosen(x) for name, x in found.items()}
    modes = {name: covered for name, (_, covered, _) in picked.items()}
    effects = [
        mean(f"modes covered more than with {name}", modes["Wasserstein, GP"] - modes[name], above=MORE, tests=2)
        for name in NAMES[:2]
    ]
    said = "; ".join(
        f"{name} {covered.mean():.1f} with {good.mean():.0%} ({rate:g})"
        for name, (rate, covered, good) in picked.items()
    )
    return Judgement(
        verdict(effects),
        f"Modes covered of 8 and samples that lie on a mode, at the best rate of each loss: {said}.",
        effects,
    )


def draw(figure, found: Found) -> None:
    left, right = figure.subplots(1, 2)
    for name, x in found.items():
        left.semilogx(RATES, x["covered"].mean(0), "o-", label=name)
        right.semilogx(RATES, x["good"].mean(0), "o-", label=name)
    left.set(xlabel="learning rate", ylabel="modes covered of 8")
    right.set(xlabel="learning rate", ylabel="samples on a mode")
    left.legend(fontsize="small")


CLAIM = Claim(
    number=16,
    says="The Wasserstein loss cures vanishing gradients.",
    expects=f"With three updates of D in a step, it covers at least {MORE:g} mode more, each loss at its best rate.",
    arms={name: partial(measure, name) for name in NAMES},
    judge=judge,
    draw=draw,
    seeds=32,
)
