"""(17) Both optimizers at the best of five learning rates, which half of the seeds choose and the others judge."""

from functools import partial

import numpy as np
import optax
from claim import Claim, Found, Judgement
from effects import mean, verdict
from populations import train
from rates import each_rate
from rings import covered, high_quality, ring_gan, samples

from gan_jax.objectives import non_saturating

METHODS = {
    "SGD": (lambda rate: optax.sgd(rate), (0.01, 0.03, 0.1, 0.3, 1.0)),
    "SGD with momentum": (lambda rate: optax.sgd(rate, momentum=0.9), (0.001, 0.003, 0.01, 0.03, 0.1)),
    "Adam": (lambda rate: optax.adam(rate, b1=0.5), (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)),
}
MORE = 1.0


def measure(name, seeds, quick):
    optimizer, rates = METHODS[name]

    def build(values):
        return ring_gan(non_saturating, optimizer(values["rate"]))

    members, values = each_rate(seeds, rates)
    found = train(build, members, 40 if quick else 2000, samples, records=10, values=values)["samples"]
    points = found.reshape(len(seeds), len(rates), *found.shape[1:])
    return {"covered": covered(points), "good": high_quality(points)}


def chosen(measures):
    """The covered modes over time, at the rate that is best for the first half of the seeds, of the second half."""
    half = len(measures["covered"]) // 2
    best = measures["covered"][:half, :, -1].mean(0).argmax()
    return best, measures["covered"][half:, best], measures["good"][half:, best]


def judge(found: Found) -> Judgement:
    picked = {name: chosen(measures) for name, measures in found.items()}
    modes = {name: covered[:, -1] for name, (_, covered, _) in picked.items()}
    # How much the number of covered modes changes between records, in the second half of the training.
    swings = {name: np.abs(np.diff(covered[:, 5:], axis=1)).mean(1) for name, (_, covered, _) in picked.items()}
    effects = [
        mean("modes that Adam covers more than SGD", modes["Adam"] - modes["SGD"], above=MORE, tests=3),
        mean("than SGD with momentum", modes["Adam"] - modes["SGD with momentum"], above=MORE, tests=3),
        mean("change of the modes of SGD, less that of Adam", swings["SGD"] - swings["Adam"], above=0, tests=3),
    ]
    rates = {name: METHODS[name][1][best] for name, (best, _, _) in picked.items()}
    said = ", ".join(f"{modes[name].mean():.1f} by {name} ({rates[name]:g})" for name in METHODS)
    return Judgement(
        verdict(effects),
        f"Modes covered of 8 at the best rate: {said}. From record to record, SGD's number changes by "
        f"{swings['SGD'].mean():.2f} and Adam's by {swings['Adam'].mean():.2f}.",
        effects,
    )


def draw(figure, found: Found) -> None:
    left, right = figure.subplots(1, 2)
    for name, measures in found.items():
        left.semilogx(METHODS[name][1], measures["covered"][:, :, -1].mean(0), "o-", label=name)
        right.plot(np.arange(1, 11) * 200, chosen(measures)[1].mean(0), label=name)
    left.set(xlabel="learning rate", ylabel="modes covered at the end")
    right.set(xlabel="step", ylabel="modes covered, best rate")
    left.legend(fontsize="small")


CLAIM = Claim(
    number=17,
    says="SGD oscillates and is rarely used, and Adam is better.",
    expects=f"Adam covers at least {MORE:g} mode more of the ring, and SGD's samples change more from time to time.",
    arms={name: partial(measure, name) for name in METHODS},
    judge=judge,
    draw=draw,
    seeds=32,
)
