"""(21) Class labels, flipped labels, and labels smoothed on one side and on two, with all tricks of `tricks.py`."""

from claim import Claim, Found, Judgement
from effects import mean, verdict
from tricks import ARMS, BETTER, OTHERS, draw, effect, interactions


def judge(found: Found) -> Judgement:
    two_sided = found["two-sided"]["frechet"] / found["DCGAN"]["frechet"]
    effects = [effect(found, factor, tests=4) for factor in ("labels", "smoothing", "flips")]
    effects.append(mean("distance with two-sided smoothing, in DCGAN's", two_sided, below=BETTER, tests=4))
    values = [f"{each.value:.2f}" for each in effects]
    return Judgement(
        verdict(effects),
        f"The Fréchet distance is multiplied by {values[0]} by class labels, by {values[1]} by one-sided smoothing, by "
        f"{values[3]} by two-sided smoothing, and by {values[2]} by flipping 5% of the labels of D. As to class "
        f"labels, {interactions(found, 'labels')}.",
        effects,
    )


CLAIM = Claim(
    number=21,
    says="Use labels, flip some of D's labels, and smooth them.",
    expects=f"Each of them makes the Fréchet distance at most {BETTER:g} times as large.",
    arms=ARMS | OTHERS,
    judge=judge,
    draw=lambda figure, found: draw(figure, found, "labels", "smoothing", "flips"),
    seeds=16,
)
