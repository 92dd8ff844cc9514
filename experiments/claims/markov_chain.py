"""(6) A GAN that is trained for some seconds, beside a restricted Boltzmann machine that is given more of them."""

import time
from functools import partial

import jax
import numpy as np
from claim import Claim, Found, Judgement
from digit_models import dcgan_game, draw_samples, frechet_ratio, rbm_game, sizes, train_digits
from effects import mean

from gan_jax.game import init_state

MODELS = {"DCGAN": (dcgan_game, 2000), "Boltzmann machine": (rbm_game, 20_000)}
TIMES = 2.0


def measure(name, seeds, quick):
    game, steps = MODELS[name]
    steps, count = sizes(steps, quick)
    began = time.monotonic()
    made = train_digits(lambda values: game(), seeds, steps, count)
    seconds = (time.monotonic() - began) / len(seeds)
    state = init_state(game(), jax.random.key(0))
    draw = jax.jit(lambda state: draw_samples(game(), state, count=count))
    jax.block_until_ready(draw(state))
    began = time.monotonic()
    jax.block_until_ready(draw(state))
    drawing = np.full(len(seeds), time.monotonic() - began)
    return {
        "frechet": frechet_ratio(made),
        "seconds": np.full(len(seeds), seconds),
        "drawing": drawing,
        "shown": made[:, :12],
    }


def judge(found: Found) -> Judgement:
    gan, machine = (found[name] for name in MODELS)
    ratio = mean(
        "distance of the machine, in those of DCGAN", machine["frechet"] / gan["frechet"], above=TIMES, tests=1
    )
    had_time = machine["seconds"][0] >= gan["seconds"][0]
    return Judgement(
        "supported" if ratio.holds and had_time else "not supported",
        f"The Fréchet distance of the machine is {machine['frechet'].mean():.1f} times real and that of the GAN "
        f"{gan['frechet'].mean():.1f}. Training took {machine['seconds'][0]:.1f} and {gan['seconds'][0]:.1f} seconds a "
        f"seed, and 500 samples take {machine['drawing'][0]:.3f} and {gan['drawing'][0]:.3f} seconds.",
        [ratio],
    )


def draw(figure, found: Found) -> None:
    for ax, (name, x) in zip(figure.subplots(1, 2), found.items(), strict=True):
        ax.imshow(x["shown"][0].reshape(2, 6, 8, 8).transpose(0, 2, 1, 3).reshape(16, 48), cmap="gray")
        ax.set(title=f"{name}, {x['frechet'].mean():.1f} times real", xticks=[], yticks=[])


CLAIM = Claim(
    number=6,
    says="A GAN needs only back-propagation, and no Markov chain.",
    expects=f"With no less time, samples of a Boltzmann machine are at least {TIMES:g} times as far from real digits.",
    arms={name: partial(measure, name) for name in MODELS},
    judge=judge,
    draw=draw,
    seeds=16,
)
