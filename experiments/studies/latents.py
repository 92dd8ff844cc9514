"""Whether it matters that G's update has the latents of D's: both ways over many seeds, on digits and on a ring.

    python experiments/studies/latents.py

Writes the table of "The latents of both players" in experiments/README.md.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jax
import optax
import tyro

from gan_jax.data import Dataset, load
from gan_jax.data.transforms import normalize
from gan_jax.evaluation import Options as EvaluationOptions
from gan_jax.evaluation import evaluate_sampler
from gan_jax.game import Game, init_state, networks, train_step
from gan_jax.inference import sample_members
from gan_jax.networks import dcgan, mlp
from gan_jax.networks.latents import normal
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.reporting import markdown, spread, write_part
from gan_jax.training.play import play_population

PAGE = Path(__file__).parents[1] / "README.md"
SAMPLES = 1348


@dataclass(frozen=True)
class Study:
    """Trains games with shared and with fresh latents, and writes how good they are."""

    seeds: int = 16
    """Number of seeds of each game."""

    steps: float = 1.0
    """Training steps, as a multiple of those of the page."""


@dataclass(frozen=True)
class Case:
    """A game of the page. build: fresh_latents -> the game. measure: the figure that is shown."""

    name: str
    data: Dataset
    build: Callable[..., Game]
    steps: int
    batch_size: int
    measure: str


def digits_game(updates: int, fresh_latents: bool) -> Game:
    adam = optax.adam(1e-3, b1=0.5)
    pair = dcgan.Generator(8, 1, 8), dcgan.Discriminator(8)
    return gan(
        *(*pair, non_saturating, adam, adam),
        latent=normal(32),
        ema=0.998,
        discriminator_updates=updates,
        fresh_latents=fresh_latents,
    )


def ring_game(fresh_latents: bool) -> Game:
    adam = optax.adam(1e-3, b1=0.5)
    pair = mlp.Generator(2, (128, 128)), mlp.Discriminator((128, 128))
    return gan(*pair, non_saturating, adam, adam, latent=normal(16), fresh_latents=fresh_latents)


def main() -> None:
    study = tyro.cli(Study)
    digits, ring = load("digits", resolution=8), load("ring", resolution=1)
    cases = (
        Case("DCGAN, digits", digits, partial(digits_game, 1), 2000, 64, "frechet_ratio"),
        Case("DCGAN, digits, D moves twice", digits, partial(digits_game, 2), 1500, 64, "frechet_ratio"),
        Case("MLPs, ring", ring, ring_game, 4000, 256, "modes_covered"),
    )
    titles = {"frechet_ratio": "Fréchet distance, times real", "modes_covered": "modes covered of 8"}
    lines = [["game", "measure", "shared", "fresh", "loss of G: shared", "fresh", "time of a step, fresh / shared"]]
    lines.append(["---"] * len(lines[0]))
    for case in cases:
        found = {fresh: outcome(case, fresh, study) for fresh in (False, True)}
        both = [spread([float(x) for x in found[fresh][name]]) for name in (0, 1) for fresh in (False, True)]
        times = seconds(case)
        lines.append([case.name, titles[case.measure], *both, f"{times[True] / times[False]:.2f}"])
        print(lines[-1], flush=True)
    write_part(PAGE, "latents", markdown(lines))


def outcome(case: Case, fresh: bool, study: Study) -> tuple[list[float], Any]:
    """The figure of each seed, and the mean loss of its generator in the last tenth of the steps."""
    steps = int(study.steps * case.steps)

    def build(values: dict[str, jax.Array]) -> Game:
        return case.build(fresh_latents=fresh)

    states, history = play_population(build, {}, range(study.seeds), case.data.train, steps, batch_size=case.batch_size)
    options = EvaluationOptions(count=SAMPLES)
    figures = []
    for images in sample_members(build, {}, networks(states), SAMPLES, seed=1):
        found = evaluate_sampler(case.data, lambda count, seed, made=images: made[:count], 1, options)
        figures.append(found.figures[case.measure])
    return figures, history["generator_loss"][-max(1, steps // 10) :].mean(0)


def seconds(case: Case) -> dict[bool, float]:
    """The shortest of several times of 50 steps on one batch, in turns, by fresh_latents."""
    steps, states, times = {}, {}, {False: [], True: []}
    for fresh in times:
        game = case.build(fresh_latents=fresh)
        steps[fresh] = jax.jit(partial(train_step, game))
        states[fresh] = jax.jit(partial(init_state, game))(jax.random.key(0))
        batch = {"image": normalize(case.data.train.images[: case.batch_size * game.batches_per_step])}
    for _ in range(10):
        for fresh, found in times.items():
            began = time.perf_counter()
            for _ in range(50):
                states[fresh], _ = steps[fresh](states[fresh], batch)
            jax.block_until_ready(states[fresh])
            found.append(time.perf_counter() - began)
    return {fresh: min(found) for fresh, found in times.items()}


if __name__ == "__main__":
    main()
