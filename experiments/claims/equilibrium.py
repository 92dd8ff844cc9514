"""(1) The discriminator's mean answers at the end of training, on the ring of Gaussians."""

from functools import partial

import numpy as np
import optax
from claim import Claim, Found, Judgement
from effects import mean
from plots import band
from populations import train
from rings import high_quality, ring_gan, samples

from gan_jax.objectives import non_saturating
from gan_jax.regularizers import r1

NEAR = 0.05
ARMS = {"without a penalty": (), "R1": (r1(1.0),)}


def measure(arm, seeds, quick):
    def build(values):
        return ring_gan(non_saturating, optax.adam(1e-3, b1=0.5), regularizers=ARMS[arm])

    def look(game, state, metrics):
        return {"fake": metrics["D(G(z))"], "real": metrics["D(x)"], **samples(game, state, metrics)}

    found = train(build, seeds, 40 if quick else 4000, look, records=20)
    return {"fake": found["fake"], "real": found["real"], "good": high_quality(found["samples"][:, -1])}


def last(values):
    return values[:, -5:].mean(1)


def judge(found: Found) -> Judgement:
    effects = [
        mean(f"{kind}, {arm}", last(measures[name]), above=0.5 - NEAR, below=0.5 + NEAR, tests=4)
        for arm, measures in found.items()
        for name, kind in (("fake", "D(G(z))"), ("real", "D(x)"))
    ]
    plain, penalized = (all(effect.holds for effect in part) for part in (effects[:2], effects[2:]))
    good = [measures["good"].mean() for measures in found.values()]
    return Judgement(
        "supported" if plain and penalized else "depends" if penalized else "not supported",
        f"With R1 the means are D(G(z)) = {effects[2].value:.2f} and D(x) = {effects[3].value:.2f} at the end, and "
        f"{good[1]:.0%} of the samples lie on a mode. Without a penalty they are {effects[0].value:.2f} and "
        f"{effects[1].value:.2f}, and {good[0]:.0%}.",
        effects,
    )


def draw(figure, found: Found) -> None:
    for ax, (arm, measures) in zip(figure.subplots(1, 2, sharey=True), found.items(), strict=True):
        for name, label in (("real", "D(x)"), ("fake", "D(G(z))")):
            count = measures[name].shape[1]
            band(ax, np.arange(1, count + 1) / count, measures[name], label)
        ax.axhline(0.5, color="0.6", linewidth=0.8)
        ax.set(title=arm, xlabel="share of the training", ylim=(0, 1))
    ax.legend()


CLAIM = Claim(
    number=1,
    says="At the equilibrium, D(G(z)) is 1/2.",
    expects=f"At the end of training the means of D(G(z)) and of D(x) are within {NEAR} of 1/2.",
    arms={arm: partial(measure, arm) for arm in ARMS},
    judge=judge,
    draw=draw,
)
