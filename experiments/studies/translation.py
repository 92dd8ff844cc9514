"""pix2pix with pairs, CycleGAN without, a U-Net with the L1 loss alone: label maps to pictures, and back.

    python experiments/studies/translation.py              # all; finished runs are kept, interrupted ones are resumed
    python experiments/studies/translation.py cyclegan     # this method, the others as they were

Each run is one of `gan-jax train` and `gan-jax evaluate` with the settings of the experiment's file, on one image of
each side at a time as in the papers. The tables go into experiments/README.md, the picture into experiments/figures.
"""

import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import training_runs
import tyro
from PIL import Image

from gan_jax.reporting import markdown, spread, write_part

EXPERIMENTS = Path(__file__).parents[1]
METHODS = ("unet_l1", "pix2pix", "cyclegan")
WAYS = {"scenes": "Label map to picture", "reverse:scenes": "Picture to label map"}
TITLES = {
    "label_accuracy": "label accuracy",
    "label_iou": "label IoU",
    "l1": "L1",
    "psnr": "PSNR, dB",
    "ssim": "SSIM",
    "frechet_distance": "Fréchet distance",
}
PICTURED = 4
ENLARGED = 2  # pixel for pixel, to be seen


@dataclass(frozen=True)
class Study:
    """Compares pix2pix, CycleGAN and a U-Net with the L1 loss alone."""

    names: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Methods to train: unet_l1, pix2pix, cyclegan. All by default. The tables show every run that has finished."""

    seeds: int = 3
    """Number of seeds of each method."""

    steps: int | None = None
    """Steps of each run, each of which sees one image of each side. The steps of the experiment's file by default."""

    resolution: int = 64
    """Side of the images in pixels."""

    out: Path = Path("runs/study_translation")
    """Folder of the runs."""

    table: Path = EXPERIMENTS / "README.md"
    """The page whose tables are rewritten."""

    figure: Path = EXPERIMENTS / "figures" / "translation.png"
    """The picture to draw."""


@dataclass(frozen=True)
class Part:
    """One training run. CycleGAN's gives both directions."""

    method: str
    dataset: str
    seed: int
    folder: Path

    def direction(self, way: str) -> str | None:
        """The run's translation that goes this way, or None."""
        if self.dataset == way:
            return "AtoB"
        both = self.dataset == "shuffled:scenes"
        return ("BtoA" if way == "reverse:scenes" else "AtoB") if both else None


def parts(method: str, study: Study) -> Iterator[Part]:
    """The runs of a method: every seed, in both directions."""
    datasets = ["shuffled:scenes"] if method == "cyclegan" else list(WAYS)
    for seed in range(study.seeds):
        for dataset in datasets:
            yield Part(method, dataset, seed, study.out / f"{method}_{dataset.replace(':', '_')}_{seed}")


def main(study: Study) -> None:
    for name in study.names:
        if name not in METHODS:
            sys.exit(f"translation.py: no method {name!r}; there are {', '.join(METHODS)}")
    for method in study.names or METHODS:
        for part in parts(method, study):
            train(part, study)
    write_part(study.table, "translation", "\n".join([*(table(way, study) for way in WAYS), costs(study)]))
    draw(study)
    print(f"written to {study.table} and {study.figure}")


def train(part: Part, study: Study) -> None:
    """Trains and evaluates a run, unless that has been done."""
    flags = ["--dataset", part.dataset, "--seed", str(part.seed), "--resolution", str(study.resolution)]
    flags += ["--batch-size", "1"] + ([] if study.steps is None else ["--steps", str(study.steps)])
    training_runs.train(EXPERIMENTS / "translation" / f"{part.method}.py", part.folder, flags)


def finished(method: str, study: Study) -> list[tuple[Part, dict[str, Any]]]:
    """The runs of a method that have ended, and what is known of each: whether it succeeded, and its peak memory."""
    return [(part, ended) for part in parts(method, study) if (ended := training_runs.outcome(part.folder))]


def figures(method: str, way: str, study: Study) -> tuple[list[dict[str, float]], dict[str, dict[str, float]]]:
    """The measures of each seed's run in this direction ({} where it failed), and those of the baselines."""
    values, baselines = [], {}
    for part, outcome in finished(method, study):
        direction = part.direction(way)
        if direction is None:
            continue
        if not outcome["finished"]:
            values.append({})
            continue
        read = training_runs.evaluation(part.folder)
        suffix = "_BtoA" if direction == "BtoA" else ""
        values.append({name: read[name + suffix] for name in TITLES if name + suffix in read})
        baselines = read["baselines"][direction]
    return values, baselines


def failed(run: dict[str, float], baselines: dict[str, dict[str, float]]) -> bool:
    """Whether training broke off, or got no more labels right than mean colours do, which need no training."""
    return not run or run["label_accuracy"] <= baselines["mean colour"]["label_accuracy"]


def table(way: str, study: Study) -> str:
    """The table of one direction, with a line for each method and each baseline."""
    found = {method: figures(method, way, study) for method in METHODS}
    found = {method: pair for method, pair in found.items() if pair[0]}
    others = next((baselines for _, baselines in found.values() if baselines), {})
    measures = [name for name in TITLES if any(name in run for runs, _ in found.values() for run in runs)]
    lines = [["", *(TITLES[name] for name in measures), "failed"], ["---"] * (2 + len(measures))]
    for method, (runs, baselines) in found.items():
        cells = [spread([run[name] for run in runs if run]) for name in measures]
        failures = f"{sum(failed(run, baselines) for run in runs)} of {len(runs)}"
        lines.append([link(method), *cells, failures])
    for name, values in others.items():
        lines.append([name, *(f"{values[m]:.3g}" if m in values else "" for m in measures), ""])
    return f"**{WAYS[way]}, {study.resolution}x{study.resolution}**\n\n{markdown(lines)}"


def costs(study: Study) -> str:
    """The table of the time and memory of training."""
    lines = [["", "steps", "ms a step", "peak memory"], ["---"] * 4]
    for method in METHODS:
        runs = [(part, outcome) for part, outcome in finished(method, study) if outcome["finished"]]
        if not runs:
            continue
        rows = [row for part, _ in runs for row in training_runs.records(part.folder)]
        milliseconds = 1000 / statistics.median(row["images_per_second"] for row in rows if row["images_per_second"])
        memory = statistics.median(outcome["peak_bytes"] for _, outcome in runs)
        cells = [f"{max(row['step'] for row in rows):,}", f"{milliseconds:.0f}", f"{memory / 2**20:,.0f} MiB"]
        lines.append([link(method), *cells])
    return markdown(lines)


def link(method: str) -> str:
    """A link to the method's experiment."""
    return f"[{method}](translation/{method}.py)"


def draw(study: Study) -> None:
    """Draws held-out examples of both directions: the source, each method's translation (seed 0), and the truth."""
    import numpy as np

    from gan_jax.data import load, take
    from gan_jax.data.derived.directions import reverse
    from gan_jax.inference import make_translator
    from gan_jax.reporting import column_grid
    from gan_jax.training.run_folder import load_run

    scenes = load("scenes", resolution=study.resolution)
    halves = []
    for way, data in {"scenes": scenes, "reverse:scenes": reverse(scenes)}.items():
        examples = take(data.test, np.arange(PICTURED))
        given, truth = examples["image"], examples["target"]
        columns = [given]
        for method in METHODS:
            for part, outcome in finished(method, study):
                direction = part.direction(way)
                if part.seed == 0 and outcome["finished"] and direction:
                    game, _, networks = load_run(part.folder).restore()
                    columns.append(make_translator(game, networks, direction)(given))
        columns.append(truth)
        halves.append(column_grid(columns))
    gap = np.full((halves[0].shape[0], study.resolution // 4, 3), 255, np.uint8)
    picture = np.concatenate([halves[0], gap, halves[1]], 1).repeat(ENLARGED, 0).repeat(ENLARGED, 1)
    study.figure.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(study.figure, optimize=True)


if __name__ == "__main__":
    main(tyro.cli(Study, description=__doc__))
