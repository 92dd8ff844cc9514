"""What unlabelled images are worth: the classifier of a semi-supervised GAN against the same network without a game.

    python experiments/studies/semi_supervised.py

Both learn digits from 10 labels a class, with the same loss on the labelled images, the same optimizer and the same
number of steps, and without augmentation. The game sees all training images and those labels. The network alone sees
the labelled images, in batches of the same size. A third training, of the network alone with all labels, shows what the
labels would be worth. Each is trained with five seeds at once, and each seed keeps other labels. The accuracies are on
held-out images after the last step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import jax
import numpy as np
import tyro
from rich.console import Console

from gan_jax.data import Split, batch_indices, hide_labels, labelled, load, take
from gan_jax.data.transforms import to_float
from gan_jax.evaluation.metrics import class_accuracy
from gan_jax.game import Game, State, init_population, networks, population_step, stack_keys
from gan_jax.networks import dcgan
from gan_jax.networks.layers import ClassLogits
from gan_jax.recipes import classifier
from gan_jax.training.experiment import load_experiment
from gan_jax.training.program import compiled, run_once

EXPERIMENT = Path(__file__).parents[1] / "labels" / "semi_supervised.py"


@dataclass(frozen=True)
class Study:
    """Semi-supervised learning by a GAN, against the labelled images alone."""

    steps: int = 5000
    """Steps of each training."""

    labels_per_class: int = 10
    """Labels of each class that are kept."""

    seeds: int = 5
    """Number of seeds: 0 and the ones that follow it."""

    out: Path = Path("runs/study_semi_supervised.md")
    """The table to write."""


def train(game: Game, splits: Sequence[Split], steps: int, batch_size: int) -> State:
    """The last state of the game, trained on all the splits at once: on the i-th with the seed i."""

    def build(values):
        return game

    seeds = range(len(splits))
    state = run_once(lambda: init_population(build, {}, stack_keys(seeds)))
    step = compiled(partial(population_step, build, {}))
    for i in range(steps):
        rows = [take(splits[seed], batch_indices(seed, i, batch_size, len(splits[seed]))) for seed in seeds]
        batch = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
        state, _ = step(state, {**batch, "image": to_float(batch["image"])})
    return state


def table(accuracies: dict[str, list[float]]) -> str:
    """The accuracies in per cent, as Markdown: mean and standard deviation over the seeds, and each seed's."""
    count = len(next(iter(accuracies.values())))
    lines = [
        "| trained on | mean | standard deviation | " + " | ".join(f"seed {i}" for i in range(count)) + " |",
        "| --- |" + " ---: |" * (2 + count),
    ]
    for name, values in accuracies.items():
        deviation = np.std(values, ddof=1) if count > 1 else np.nan
        figures = [np.mean(values), deviation, *values]
        lines.append(f"| {name} | " + " | ".join(f"{100 * x:.1f}" for x in figures) + " |")
    return "\n".join(lines) + "\n"


def main(study: Study) -> None:
    console = Console(soft_wrap=True, highlight=False)
    experiment = load_experiment(EXPERIMENT)
    config = experiment.config(labels_per_class=study.labels_per_class)
    data = load(config.dataset, resolution=config.resolution)
    partly = [hide_labels(data, study.labels_per_class, seed).train for seed in range(study.seeds)]
    game = experiment.build(config, data.info)
    # The discriminator of the game and its optimizer.
    discriminator = ClassLogits(dcgan.Discriminator(config.width, outputs=len(data.classes)))
    optimizer = next(player.optimizer for player in game.players if player.name == "discriminator")
    alone = classifier(discriminator, optimizer, data.image_shape)
    kept = study.labels_per_class * len(data.classes)
    unlabelled = len(data.train) - kept
    trainings = {
        f"{kept} labelled images": (alone, [labelled(split) for split in partly]),
        f"those and {unlabelled} unlabelled ones, in the game": (game, partly),
        f"all {len(data.train)} images, labelled": (alone, [data.train] * study.seeds),
    }
    accuracies = {}
    for name, (trained, splits) in trainings.items():
        found = networks(train(trained, splits, study.steps, config.batch_size))["discriminator"]
        members = [jax.tree.map(lambda x, i=i: x[i], found) for i in range(study.seeds)]
        accuracies[name] = [class_accuracy(discriminator, member, data.test) for member in members]
        console.print(f"{name}: {np.mean(accuracies[name]):.2%} right on {len(data.test)} held-out images")
    study.out.parent.mkdir(parents=True, exist_ok=True)
    study.out.write_text(table(accuracies))
    console.print(table(accuracies))


if __name__ == "__main__":
    main(tyro.cli(Study, description=__doc__))
