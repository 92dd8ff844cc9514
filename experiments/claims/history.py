"""(27) CycleGAN with logarithms in the place of least squares, and without a history of translations."""

from claim import Claim, Found, Judgement
from cycle_models import arms, draw
from effects import mean, verdict

WORSE = 1.05


def judge(found: Found) -> Judgement:
    errors = {name: x["l1"] for name, x in found.items()}
    effects = [
        mean(f"L1 distance with {name}, in CycleGAN's", errors[name] / errors["CycleGAN"].mean(), above=WORSE, tests=2)
        for name in ("logarithms", "no history")
    ]
    said = ", ".join(
        f"{x['l1'].mean():.1f} gray levels and {x['kept'].mean():.1%} ({name})" for name, x in found.items()
    )
    return Judgement(
        verdict(effects),
        f"The L1 distance from the truth and the digits kept are {said}.",
        effects,
    )


CLAIM = Claim(
    number=27,
    says="CycleGAN's least squares and its history of translations help.",
    expects=f"Without either of them, the L1 distance to the truth is at least {WORSE:g} times as large.",
    arms=arms("CycleGAN", "logarithms", "no history"),
    judge=judge,
    draw=draw,
    seeds=16,
)
