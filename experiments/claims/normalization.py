"""(22) Batch normalization in both networks, and in its place instance or weight normalization, or none."""

from claim import Claim, Found, Judgement
from effects import mean
from tricks import ARMS, BETTER, NORMALIZATIONS, OTHERS, draw, effect, interactions


def judge(found: Found) -> Judgement:
    none = found["no norm"]["frechet"]
    effects = [effect(found, "batch norm", tests=3)]
    for name in list(NORMALIZATIONS)[1:]:
        ratio = found[name]["frechet"] / none
        effects.append(mean(f"distance with {name}, in that without any", ratio, below=BETTER, tests=3))
    holds = [each.holds for each in effects]
    said = ", ".join(f"{found[name]['frechet'].mean():.1f} with {name}" for name in NORMALIZATIONS)
    return Judgement(
        "supported" if holds[0] and any(holds[1:]) else "depends" if any(holds) else "not supported",
        f"Batch normalization multiplies the Fréchet distance by {effects[0].value:.2f}; "
        f"{interactions(found, 'batch norm')}. In times real, DCGAN ends at {found['DCGAN']['frechet'].mean():.1f}, "
        f"and at {said}.",
        effects,
    )


CLAIM = Claim(
    number=22,
    says="Use batch normalization, or else instance or weight normalization.",
    expects=f"Each makes the Fréchet distance at most {BETTER:g} times that without normalization.",
    arms=ARMS | OTHERS,
    judge=judge,
    draw=lambda figure, found: draw(figure, found, "batch norm"),
    seeds=16,
)
