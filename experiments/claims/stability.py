"""(10) The share of failed trainings of a GAN, a VAE and a PixelCNN, over seeds and five learning rates."""

from functools import partial

import numpy as np
from claim import Claim, Found, Judgement
from digit_models import FAILED, dcgan_game, pixelcnn_game, vae_game
from effects import mean, verdict
from plots import band
from rates import frechet_by_rate

MODELS = {"DCGAN": (dcgan_game, 2000), "VAE": (vae_game, 1500), "PixelCNN": (pixelcnn_game, 800)}
RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
MORE = 0.1


def measure(name, seeds, quick):
    game, steps = MODELS[name]
    return {"frechet": frechet_by_rate(game, seeds, RATES, steps, quick)}


def judge(found: Found) -> Judgement:
    failed = {name: (x["frechet"] > FAILED).mean(1) for name, x in found.items()}
    effects = [
        mean(f"failed runs of DCGAN less those of {name}", failed["DCGAN"] - failed[name], above=MORE, tests=2)
        for name in ("VAE", "PixelCNN")
    ]
    said = ", ".join(f"{failed[name].mean():.0%} of {name}" for name in MODELS)
    spread = ", ".join(f"{np.median(x['frechet'].std(0) / x['frechet'].mean(0)):.0%}" for x in found.values())
    return Judgement(
        verdict(effects),
        f"Over learning rates from {RATES[0]:g} to {RATES[-1]:g}, these fail: {said}. The spread over seeds is "
        f"{spread} of the Fréchet distance.",
        effects,
    )


def draw(figure, found: Found) -> None:
    ax = figure.subplots()
    for name, x in found.items():
        band(ax, RATES, x["frechet"], name, "o-")
    ax.axhline(FAILED, color="0.6", linewidth=0.8)
    ax.set(xlabel="learning rate", ylabel="Fréchet distance, times real", xscale="log", yscale="log")
    ax.legend()


CLAIM = Claim(
    number=10,
    says="Training a GAN is less stable than training a VAE or a PixelCNN.",
    expects=f"At least {MORE:.0%} more of its runs end {FAILED:g} times as far from real digits as other real ones.",
    arms={name: partial(measure, name) for name in MODELS},
    judge=judge,
    draw=draw,
    seeds=16,
)
