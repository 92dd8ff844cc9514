"""Inversion and editing over seeds: tables and pictures of experiments/applications/README.md.

    python experiments/studies/editing.py

Trains the game of applications/invertible.py on letters and on digits, finds the latents of held-out images, fills in
hidden parts, and moves samples along directions that are found from labels and without. The classifiers that judge are
trained on the same images and take no part in finding directions. Finished runs are kept, and interrupted ones are
resumed.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import training_runs
import tyro

from gan_jax.data import Dataset, load, take
from gan_jax.data.splits import shuffled
from gan_jax.evaluation.features import cached_classifier
from gan_jax.evaluation.inversion import closest_images, pixel_errors
from gan_jax.evaluation.metrics import kept_where_changed
from gan_jax.game import Game
from gan_jax.inference import (
    activation_directions,
    decode,
    draw_latents,
    factorized_directions,
    labelled_direction,
    make_inverter,
    moved,
    sample_images,
)
from gan_jax.reporting import column_grid, markdown, save_image, spread, write_part
from gan_jax.training.run_folder import load_run

EXPERIMENTS = Path(__file__).parents[1]
PAGE = EXPERIMENTS / "applications" / "README.md"
FIGURES = EXPERIMENTS / "figures"

DATA = {
    "glyphs": ("--dataset", "glyphs", "--resolution", "32", "--steps", "10000", "--gamma", "1"),
    "digits": (),
}
STYLES = ("bold", "slanted", "serif")
STRENGTHS = np.linspace(0, 4, 9)
TRIED = 10  # directions of a method without labels, each with both signs
SHOWN = 8


@dataclass(frozen=True)
class Study:
    """Trains, inverts and edits, and writes the tables and the picture."""

    seeds: int = 3
    """Number of seeds."""

    images: int = 64
    """Held-out images to invert."""

    samples: int = 128
    """Samples to edit."""

    out: Path = Path("runs/study_editing")
    """Folder of the runs."""


@dataclass(frozen=True)
class Trained:
    """A run and its data."""

    game: Game
    networks: dict[str, Any]
    data: Dataset


def main(study: Study) -> None:
    found = {name: [trained(study, name, seed) for seed in range(study.seeds)] for name in DATA}
    for name, runs in found.items():
        write_part(PAGE, f"inversion {name}", inversion_table([inversions(study, run) for run in runs]))
    write_part(PAGE, "directions", direction_table([edits(study, run) for run in found["glyphs"]]))
    save_image(picture(found["glyphs"][0]), FIGURES / "editing.png")
    print(f"written to {PAGE}")


def trained(study: Study, name: str, seed: int) -> Trained:
    """The run of a seed, which is trained unless it is there."""
    folder = study.out / f"{name}_{seed}"
    flags = (*DATA[name], "--seed", str(seed))
    training_runs.train(EXPERIMENTS / "applications" / "invertible.py", folder, flags)
    run = load_run(folder)
    game, _, networks = run.restore()
    return Trained(game, networks, load(run.settings.dataset, resolution=run.settings.resolution))


def inversions(study: Study, run: Trained) -> dict[str, dict[str, float]]:
    """The figures of each method for held-out images, whole and with their middles hidden."""
    rows = shuffled(len(run.data.test), 0)[: study.images]
    held_out = take(run.data.test, rows, rows)
    images, labels = held_out["image"], held_out["label"]
    classifier = cached_classifier(run.data)
    known = middle_hidden(run.data)

    def figures(made: np.ndarray, where: np.ndarray | None = None, wanted: np.ndarray = images) -> dict[str, float]:
        classes = classifier.probabilities(made).argmax(1)
        same = classes == labels if wanted is images else classes == classifier.probabilities(wanted).argmax(1)
        return {"error": 100 * pixel_errors(wanted, made, where).mean(), "class": same.mean()}

    def inverted(steps: int, encode: bool = True, images: np.ndarray = images) -> dict[str, float]:
        game = run.game if encode else without_encoder(run.game)
        found = make_inverter(game, run.networks, steps)(images, None, 1)
        return {**figures(found.images, wanted=images), "norm": float(np.mean(np.square(found.latents)))}

    own = sample_images(run.game, run.networks, len(images), seed=2)
    filled = make_inverter(run.game, run.networks)(images, known, 1).images
    whole = np.ones_like(known)
    return {
        "encoder": inverted(0),
        "search from 4 random latents": inverted(300, encode=False),
        "encoder, then search": inverted(300),
        "encoder, then search: samples of the game": inverted(300, images=own),
        "closest training image": figures(closest_images(images, whole, run.data.train.images)),
        "middle hidden: search": figures(filled, ~known),
        "middle hidden: closest training image": figures(closest_images(images, known, run.data.train.images), ~known),
    }


def middle_hidden(data: Dataset) -> np.ndarray:
    """bool (H, W), false in the middle quarter of the area."""
    height, width, _ = data.image_shape
    known = np.ones((height, width), bool)
    known[height // 4 : height - height // 4, width // 4 : width - width // 4] = False
    return known


def without_encoder(game: Game) -> Game:
    """The game as if it had no encoder."""
    return replace(game, encode=None)


def edits(study: Study, run: Trained) -> dict[str, dict[str, dict[str, float]]]:
    """For each style, the figures of each way to find a direction towards it."""
    letters = cached_classifier(run.data)
    unlabelled = {
        "SeFa, the best of 20": factorized_directions(run.game, run.networks)[:TRIED],
        "GANSpace, the best of 20": activation_directions(run.game, run.networks)[:TRIED],
        "random, the best of 20": random_directions(run.game),
    }
    found = {}
    for style in STYLES:
        data = load(f"glyphs:{style}", resolution=run.data.image_shape[:2])
        judge = cached_classifier(data)

        def measured(direction: np.ndarray, count: int, seed: int, judge: Any = judge) -> dict[str, float]:
            latents = draw_latents(run.game, count, seed)
            images = decode(run.game, run.networks, moved(latents, direction, STRENGTHS))
            has = judge.probabilities(images)[:, 1] > 0.5
            classes = letters.probabilities(images).argmax(1)
            shape = count, len(STRENGTHS)
            return kept_where_changed(has.reshape(shape), classes.reshape(shape), STRENGTHS)

        found[style] = {"labels": measured(towards(run, data), study.samples, 2)}
        for name, directions in unlabelled.items():
            both = [sign * direction for direction in directions for sign in (1, -1)]
            # Chosen on other samples than those it is then measured on.
            best = max(both, key=lambda direction, measured=measured: measured(direction, 64, 3)["changed"])
            found[style][name] = measured(best, study.samples, 2)
    return found


def towards(run: Trained, styled: Dataset) -> np.ndarray:
    """The direction to the second class of `styled`, from labels of at most 2,000 training images of each class."""
    assert styled.train.labels is not None
    sides = [np.flatnonzero(styled.train.labels == label)[:2000] for label in (0, 1)]
    return labelled_direction(run.game, run.networks, *(take(styled.train, rows, rows)["image"] for rows in sides))


def random_directions(game: Game) -> np.ndarray:
    drawn = np.asarray(draw_latents(game, TRIED, 9))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


COLUMNS = {"error": "error of pixels, % ↓", "class": "class kept ↑", "norm": "mean z²"}


def inversion_table(seeds: list[dict[str, dict[str, float]]]) -> str:
    lines = [["", *COLUMNS.values()], ["---"] * (1 + len(COLUMNS))]
    for name in seeds[0]:
        cells = [spread([each[name][column] for each in seeds if column in each[name]]) for column in COLUMNS]
        lines.append([name, *cells])
    return markdown(lines)


def direction_table(seeds: list[dict[str, dict[str, dict[str, float]]]]) -> str:
    lines = [["", *(f"{style}: {what}" for style in STYLES for what in ("gained ↑", "letter kept ↑"))]]
    lines.append(["---"] * len(lines[0]))
    for name in seeds[0][STYLES[0]]:
        cells = [spread([each[style][name][key] for each in seeds]) for style in STYLES for key in ("changed", "kept")]
        lines.append([name, *cells])
    return markdown(lines)


def picture(run: Trained) -> np.ndarray:
    """Held-out letters, what is made of their latents, hidden middles and what fills them, and the letters moved."""
    rows = shuffled(len(run.data.test), 1)[:SHOWN]
    images = take(run.data.test, rows, rows)["image"]
    known = middle_hidden(run.data)
    found = make_inverter(run.game, run.networks)(images, None, 1)
    filled = make_inverter(run.game, run.networks)(images, known, 1).images
    columns = [images, found.images, images * known[:, :, None], filled]
    strengths = np.linspace(0, 3, 5)[1:]
    for style in ("bold", "slanted"):
        data = load(f"glyphs:{style}", resolution=run.data.image_shape[:2])
        walked = decode(run.game, run.networks, moved(found.latents, towards(run, data), strengths))
        columns += list(walked.reshape(SHOWN, len(strengths), *walked.shape[1:]).swapaxes(0, 1))
    return column_grid(columns)


if __name__ == "__main__":
    main(tyro.cli(Study, description=__doc__))
