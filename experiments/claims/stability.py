"""(10) The share of failed trainings of a GAN, a VAE and a PixelCNN, over seeds and five learning rates."""

from functools import partial

import jax.numpy as jnp
import numpy as np
from claim import Claim, Found, Judgement
from digit_models import FAILED, FEW_SAMPLES, SAMPLES, dcgan_game, frechet_ratio, pixelcnn_game, train_digits, vae_game
from effects import mean

MODELS = {"DCGAN": (dcgan_game, 2000), "VAE": (vae_game, 1500), "PixelCNN": (pixelcnn_game, 800)}
RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
MORE = 0.1


def measure(name, seeds, quick):
    game, steps = MODELS[name]
    values = {"rate": jnp.tile(jnp.array(RATES), len(seeds))}
    members = np.repeat(seeds, len(RATES))
    steps, count = (4, FEW_SAMPLES) if quick else (steps, SAMPLES)
    made = train_digits(lambda values: game(values["rate"]), members, steps, count, values)
    return {"frechet": frechet_ratio(made).reshape(len(seeds), len(RATES))}


def judge(found: Found) -> Judgement:
    failed = {name: (x["frechet"] > FAILED).mean(1) for name, x in found.items()}
    effects = [
        mean(f"failed runs of DCGAN less those of {name}", failed["DCGAN"] - failed[name], above=MORE, tests=2)
        for name in ("VAE", "PixelCNN")
    ]
    holds = [effect.holds for effect in effects]
    said = ", ".join(f"{failed[name].mean():.0%} of {name}" for name in MODELS)
    spread = ", ".join(f"{np.median(x['frechet'].std(0) / x['frechet'].mean(0)):.0%}" for x in found.values())
    return Judgement(
        "supported" if all(holds) else "depends" if any(holds) else "not supported",
        f"Over learning rates from {RATES[0]:g} to {RATES[-1]:g}, these fail: {said}. The spread over seeds is "
        f"{spread} of the Fréchet distance.",
        effects,
    )


def draw(figure, found: Found) -> None:
    ax = figure.subplots()
    for name, x in found.items():
        low, middle, high = np.quantile(x["frechet"], [0.1, 0.5, 0.9], axis=0)
        (line,) = ax.loglog(RATES, middle, "o-", label=name)
        ax.fill_between(RATES, low, high, color=line.get_color(), alpha=0.2)
    ax.axhline(FAILED, color="0.6", linewidth=0.8)
    ax.set(xlabel="learning rate", ylabel="Fréchet distance, times real")
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
