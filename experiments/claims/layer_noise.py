"""(24) Gaussian noise of 0.1 after each hidden layer of D, with all the tricks of `tricks.py`."""

from claim import Claim, Found, Judgement
from tricks import ARMS, BETTER, draw, effect, interactions


def judge(found: Found) -> Judgement:
    (main,) = effects = [effect(found, "noise", tests=1)]
    return Judgement(
        "supported" if main.holds else "not supported",
        f"Noise in D's layers multiplies the Fréchet distance by {main.value:.2f}; {interactions(found, 'noise')}.",
        effects,
    )


CLAIM = Claim(
    number=24,
    says="Gaussian noise in the discriminator's layers helps.",
    expects=f"The Fréchet distance is at most {BETTER:g} times that without noise.",
    arms=ARMS,
    judge=judge,
    draw=lambda figure, found: draw(figure, found, "noise"),
    seeds=16,
)
