"""(19) DCGAN at six learning rates, each constant, or falling linearly to zero."""

from functools import partial

import numpy as np
import optax
from claim import Claim, Found, Judgement
from digit_models import dcgan_game
from effects import mean, verdict
from plots import band
from rates import frechet_by_rate

RATES = (1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3)
STEPS = 2000
GOOD, BETTER = 1.5, 0.95
ARMS = {"constant": lambda rate: rate, "falling": lambda rate: optax.linear_schedule(rate, 0, STEPS)}


def measure(name, seeds, quick):
    return {"frechet": frechet_by_rate(lambda rate: dcgan_game(ARMS[name](rate)), seeds, RATES, STEPS, quick)}


def judge(found: Found) -> Judgement:
    constant, falling = found["constant"]["frechet"], found["falling"]["frechet"]
    best, first = np.log(constant).mean(0).argmin(), RATES.index(1e-4)
    effects = [
        mean("distance at 1e-4, in that at the best rate", constant[:, first] / constant[:, best], below=GOOD, tests=3),
        mean(
            "distance if the rate falls from 1e-4, in that at 1e-4",
            falling[:, first] / constant[:, first],
            below=BETTER,
            tests=3,
        ),
        mean("the same at the best constant rate", falling[:, best] / constant[:, best], below=BETTER, tests=3),
    ]
    said = ", ".join(f"{x:.1f} at {rate:g}" for rate, x in zip(RATES, constant.mean(0), strict=True))
    fall = ", ".join(f"{x:.1f}" for x in falling.mean(0))
    return Judgement(
        verdict(effects),
        f"After {STEPS:,} steps the Fréchet distance is, in times real, {said}. If the rate falls to zero: {fall}. The "
        f"best constant rate is {RATES[best]:g}.",
        effects,
    )


def draw(figure, found: Found) -> None:
    ax = figure.subplots()
    for name, x in found.items():
        band(ax, RATES, x["frechet"], name, "o-")
    ax.set(
        xlabel="learning rate of Adam, at the start", ylabel="Fréchet distance, times real", xscale="log", yscale="log"
    )
    ax.legend()


CLAIM = Claim(
    number=19,
    says="1e-4 is a good first learning rate, and letting it fall helps.",
    expects=f"1e-4 is within {GOOD:g} times the best rate's distance, and a falling rate makes it {BETTER:g} times.",
    arms={name: partial(measure, name) for name in ARMS},
    judge=judge,
    draw=draw,
    seeds=16,
)
