"""(25) pix2pix with pairs and CycleGAN without, from digits on coloured ground to digits, at three learning rates."""

from functools import partial

from claim import Claim, Found, Judgement
from effects import mean, verdict
from plots import band
from rates import each_rate
from translation_models import COLOURED, cyclegan_game, digits_kept, gray_levels_off, pix2pix_game, translations

RATES = (3e-4, 1e-3, 3e-3)
STEPS, FAILED = 1000, 0.9
MODELS = {"pix2pix": partial(pix2pix_game, COLOURED), "CycleGAN": cyclegan_game}


def measure(name, seeds, quick):
    """The shares of digits that are kept, and the L1 distances in gray levels, (N, 3)."""
    steps = 4 if quick else STEPS
    members, values = each_rate(seeds, RATES)
    paired, shape = name == "pix2pix", (len(seeds), len(RATES))
    made = translations(lambda values: MODELS[name](values["rate"], steps), members, steps, values, paired=paired)
    return {"kept": digits_kept(made).reshape(shape), "l1": gray_levels_off(made).reshape(shape)}


def judge(found: Found) -> Judgement:
    with_pairs, without = (found[name] for name in MODELS)
    errors = {name: x["l1"].min(1) for name, x in found.items()}
    failed = {name: (x["kept"] < FAILED).mean(1) for name, x in found.items()}
    effects = [
        mean(
            "L1 of CycleGAN less that of pix2pix, best rate",
            errors["CycleGAN"] - errors["pix2pix"],
            above=1,
            tests=2,
        ),
        mean(
            "failed runs of pix2pix less those of the other", failed["pix2pix"] - failed["CycleGAN"], above=0, tests=2
        ),
    ]
    return Judgement(
        verdict(effects),
        f"At the best of three rates, pix2pix is {errors['pix2pix'].mean():.1f} gray levels from the truth, and "
        f"CycleGAN {errors['CycleGAN'].mean():.1f}; they keep {with_pairs['kept'].max(1).mean():.1%} and "
        f"{without['kept'].max(1).mean():.1%} of the digits. Over all rates, {failed['pix2pix'].mean():.0%} and "
        f"{failed['CycleGAN'].mean():.0%} of the runs keep less than {FAILED:.0%}. Only CycleGAN does without pairs.",
        effects,
    )


def draw(figure, found: Found) -> None:
    axes = figure.subplots(1, 2)
    for ax, measure, title in zip(axes, ("kept", "l1"), ("digits kept", "L1 distance, gray levels"), strict=True):
        for name, x in found.items():
            band(ax, RATES, x[measure], name, "o-")
        ax.set(xlabel="learning rate", ylabel=title, xscale="log")
    axes[0].legend()


CLAIM = Claim(
    number=25,
    says="pix2pix gives better results, and CycleGAN trains more easily.",
    expects="pix2pix is nearer to the truth by 1 gray level of 255, and more of its runs fail over three rates.",
    arms={name: partial(measure, name) for name in MODELS},
    judge=judge,
    draw=draw,
    seeds=16,
)
