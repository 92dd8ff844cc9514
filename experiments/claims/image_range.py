"""(20) Images in [-1, 1] and tanh, against images in [0, 1] and the sigmoid, with all the tricks of `tricks.py`."""

from claim import Claim, Found, Judgement
from tricks import ARMS, BETTER, draw, effect, interactions


def judge(found: Found) -> Judgement:
    (main,) = effects = [effect(found, "tanh", tests=1)]
    return Judgement(
        "supported" if main.holds else "not supported",
        f"Images in [-1, 1] multiply the Fréchet distance by {main.value:.2f}; {interactions(found, 'tanh')}.",
        effects,
    )


CLAIM = Claim(
    number=20,
    says="Images should be in [-1, 1], and the generator should end in tanh.",
    expects=f"The Fréchet distance is at most {BETTER:g} times that with images in [0, 1] and a sigmoid.",
    arms=ARMS,
    judge=judge,
    draw=lambda figure, found: draw(figure, found, "tanh"),
    seeds=16,
)
