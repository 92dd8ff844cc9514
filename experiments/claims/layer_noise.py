"""(24) Gaussian noise of 0.1 after each hidden layer of D, with all the tricks of `tricks.py`."""

from claim import Claim
from tricks import ARMS, BETTER, draw, judge_one

CLAIM = Claim(
    number=24,
    says="Gaussian noise in the discriminator's layers helps.",
    expects=f"The Fréchet distance is at most {BETTER:g} times that without noise.",
    arms=ARMS,
    judge=lambda found: judge_one(found, "noise", "Noise in D's layers multiplies"),
    draw=lambda figure, found: draw(figure, found, "noise"),
    seeds=16,
)
