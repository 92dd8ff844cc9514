"""(26) CycleGAN with other networks, and without the loss of its cycles."""

from claim import Claim, Found, Judgement
from cycle_models import arms, draw
from effects import mean, verdict

SMALL, LARGE = 0.05, 0.05


def judge(found: Found) -> Judgement:
    kept = {name: x["kept"] for name, x in found.items()}
    networks = kept["CycleGAN"] - kept["U-Nets"]
    losses = [kept["CycleGAN"] - kept["no cycle loss"], kept["U-Nets"] - kept["U-Nets, no cycle loss"]]
    effects = [
        mean("digits kept less with U-Nets", networks, above=-SMALL, below=SMALL, tests=3),
        mean("digits kept less without the cycle loss", losses[0], above=LARGE, tests=3),
        mean("the same with U-Nets", losses[1], above=LARGE, tests=3),
    ]
    said = ", ".join(f"{x.mean():.1%} ({name})" for name, x in kept.items())
    return Judgement(
        verdict(effects),
        f"Of the digits, these are kept: {said}.",
        effects,
    )


CLAIM = Claim(
    number=26,
    says="CycleGAN's novelty is the loss, and not the networks.",
    expects=f"Other networks change the share of digits kept by less than {SMALL:g}, and no cycle loss by more.",
    arms=arms("CycleGAN", "U-Nets", "no cycle loss", "U-Nets, no cycle loss"),
    judge=judge,
    draw=draw,
    seeds=16,
)
