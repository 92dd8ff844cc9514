"""(23) Strides and LeakyReLU in D, against maxima of four pixels and ReLU, with all the tricks of `tricks.py`."""

from claim import Claim, Found, Judgement
from tricks import ARMS, BETTER, draw, effect, interactions


def judge(found: Found) -> Judgement:
    (main,) = effects = [effect(found, "dense gradients", tests=1)]
    return Judgement(
        "supported" if main.holds else "not supported",
        f"Strides and LeakyReLU in the place of pooling and ReLU multiply the Fréchet distance by {main.value:.2f}; "
        f"{interactions(found, 'dense gradients')}.",
        effects,
    )


CLAIM = Claim(
    number=23,
    says="Avoid ReLU and pooling in the discriminator, since they make gradients sparse.",
    expects=f"Without them the Fréchet distance is at most {BETTER:g} times as large.",
    arms=ARMS,
    judge=judge,
    draw=lambda figure, found: draw(figure, found, "dense gradients"),
    seeds=16,
)
