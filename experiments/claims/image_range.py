"""(20) Images in [-1, 1] and tanh, against images in [0, 1] and the sigmoid, with all the tricks of `tricks.py`."""

from claim import Claim
from tricks import ARMS, BETTER, draw, judge_one

CLAIM = Claim(
    number=20,
    says="Images should be in [-1, 1], and the generator should end in tanh.",
    expects=f"The Fréchet distance is at most {BETTER:g} times that with images in [0, 1] and a sigmoid.",
    arms=ARMS,
    judge=lambda found: judge_one(found, "tanh", "Images in [-1, 1] multiply"),
    draw=lambda figure, found: draw(figure, found, "tanh"),
    seeds=16,
)
