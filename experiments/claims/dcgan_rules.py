"""(4) DCGAN on digits, and DCGAN with one of its rules broken at a time."""

from functools import partial

import flax.linen as nn
import numpy as np
import optax
from claim import Claim, Found, Judgement
from digit_models import WIDTH, frechet_ratio, sizes, train_digits
from effects import mean
from variants import Discriminator, Generator

from gan_jax.networks.latents import normal
from gan_jax.networks.layers import leaky_relu, no_norm
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan

# What is changed in G, and what in D.
BROKEN = {
    "DCGAN": ({}, {}),
    "pooling": ({"strides": False}, {"strides": False}),
    "no batch norm in G": ({"normalization": no_norm}, {}),
    "no batch norm in D": ({}, {"normalization": no_norm}),
    "fully connected layers": ({"connected": True}, {"connected": True}),
    "LeakyReLU in G": ({"activation": leaky_relu}, {}),
    "no tanh": ({"output": lambda x: x}, {}),
    "ReLU in D": ({}, {"activation": nn.relu}),
}
WORSE = 1.1


def measure(name, seeds, quick):
    generator, discriminator = BROKEN[name]
    adam = optax.adam(2e-4, b1=0.5)

    def build(values):
        players = Generator(WIDTH, **generator), Discriminator(WIDTH, **discriminator)
        return gan(*players, non_saturating, adam, adam, latent=normal(32), ema=0.995)

    made = train_digits(build, seeds, *sizes(3000, quick))
    return {"frechet": frechet_ratio(made)}


def judge(found: Found) -> Judgement:
    base, others = found["DCGAN"]["frechet"], list(BROKEN)[1:]
    effects = [
        mean(f"distance with {name}, in DCGAN's", found[name]["frechet"] / base, above=WORSE, tests=len(others))
        for name in others
    ]
    needed = [name for name, effect in zip(others, effects, strict=True) if effect.holds]
    harmful = [name for name, effect in zip(others, effects, strict=True) if effect.high < 1]
    count = len(needed)
    return Judgement(
        "supported" if count == len(others) else "depends" if needed else "not supported",
        f"DCGAN ends at {base.mean():.1f} times the real Fréchet distance. Of {len(others)} changes, {count} make it "
        f"larger by {WORSE - 1:.0%} or more: {listed(needed)}. Smaller by {listed(harmful)}.",
        effects,
    )


def listed(names) -> str:
    return ", ".join(names) if names else "none"


def draw(figure, found: Found) -> None:
    ax = figure.subplots()
    ax.boxplot([x["frechet"] for x in found.values()], orientation="horizontal", tick_labels=list(found))
    ax.axvline(np.median(found["DCGAN"]["frechet"]), color="0.6", linewidth=0.8)
    ax.set(xlabel="Fréchet distance, times real", xscale="log")
    ax.invert_yaxis()


CLAIM = Claim(
    number=4,
    says="Each rule of DCGAN helps.",
    expects=f"Without each of them, the Fréchet distance is at least {WORSE:g} times as large.",
    arms={name: partial(measure, name) for name in BROKEN},
    judge=judge,
    draw=draw,
    seeds=16,
)
