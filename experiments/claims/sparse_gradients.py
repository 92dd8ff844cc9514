"""(23) Strides and LeakyReLU in D, against maxima of four pixels and ReLU, with all the tricks of `tricks.py`."""

from claim import Claim
from tricks import ARMS, BETTER, draw, judge_one

CLAIM = Claim(
    number=23,
    says="Avoid ReLU and pooling in the discriminator, since they make gradients sparse.",
    expects=f"Without them the Fréchet distance is at most {BETTER:g} times as large.",
    arms=ARMS,
    judge=lambda found: judge_one(
        found, "dense gradients", "Strides and LeakyReLU in the place of pooling and ReLU multiply"
    ),
    draw=lambda figure, found: draw(figure, found, "dense gradients"),
    seeds=16,
)
