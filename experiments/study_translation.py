"""pix2pix with pairs, CycleGAN without, a U-Net with the L1 loss alone: label maps to pictures, and back.

    python experiments/study_translation.py                # all; what is finished is kept, what was interrupted goes on
    python experiments/study_translation.py cyclegan       # this method, the others as they were

Every run is that of `gan-jax train` and `gan-jax evaluate`, in the settings of its file, with one image of each side at
a time as the authors do. The tables go into README.md beside this file, the picture into figures/.
"""

import json
import math
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from PIL import Image

HERE = Path(__file__).parent
START, END = "<!-- translation: start -->", "<!-- translation: end -->"
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


@dataclass(frozen=True)
class Study:
    """Compares pix2pix, CycleGAN and a U-Net with the L1 loss alone."""

    names: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Of the methods to train: unet_l1, pix2pix, cyclegan. All unless given; the tables are of what there is."""

    seeds: int = 3
    """Of each."""

    steps: int | None = None
    """Rounds of each training, that is images that it sees of each side; those of its file by default."""

    resolution: int = 64
    """Side of the images in pixels."""

    out: Path = Path("runs/study_translation")
    """Where the runs lie."""

    table: Path = HERE / "README.md"
    """The page whose tables are rewritten."""

    figure: Path = HERE / "figures" / "translation.png"
    """The picture to draw."""


@dataclass(frozen=True)
class Part:
    """One training. CycleGAN's gives both directions."""

    method: str
    dataset: str
    seed: int
    folder: Path

    def direction(self, way: str) -> str | None:
        """Which of the run's translations goes this way, if one does."""
        if self.dataset == way:
            return "AtoB"
        both = self.dataset == "shuffled:scenes"
        return ("BtoA" if way == "reverse:scenes" else "AtoB") if both else None


def parts(method: str, study: Study) -> Iterator[Part]:
    datasets = ["shuffled:scenes"] if method == "cyclegan" else list(WAYS)
    for seed in range(study.seeds):
        for dataset in datasets:
            yield Part(method, dataset, seed, study.out / f"{method}_{dataset.replace(':', '_')}_{seed}")


def main(study: Study) -> None:
    for name in study.names:
        if name not in METHODS:
            sys.exit(f"study_translation.py: no method {name!r}; there are {', '.join(METHODS)}")
    for method in study.names or METHODS:
        for part in parts(method, study):
            train(part, study)
    before, _, rest = (study.table.read_text() if study.table.exists() else "").partition(START)
    after = rest.partition(END)[2]
    written = "\n".join([*(table(way, study) for way in WAYS), costs(study)])
    study.table.write_text(f"{before}{START}\n\n{written}\n{END}{after}")
    draw(study)
    print(f"written to {study.table} and {study.figure}")


def train(part: Part, study: Study) -> None:
    """Trains and evaluates, unless that has been done. A training that fails is one of the results."""
    if (part.folder / "study.json").exists():
        return
    print(f"== {part.folder.name}", flush=True)
    flags = ["--dataset", part.dataset, "--seed", str(part.seed), "--workdir", str(part.folder)]
    size = ["--resolution", str(study.resolution), "--batch-size", "1"]
    if study.steps is not None:
        size += ["--steps", str(study.steps)]
    status, memory = run("train", str(HERE / f"{part.method}.py"), *flags, *size)
    if status not in (0, 1):
        sys.exit(status)
    if status == 0 and run("evaluate", str(part.folder))[0] != 0:
        sys.exit(1)
    (part.folder / "study.json").write_text(json.dumps({"finished": status == 0, "peak_bytes": memory}))


def run(*words: str) -> tuple[int, int]:
    """The exit status of a gan-jax command, and the most memory that its process had at once, in bytes."""
    process = subprocess.Popen(["gan-jax", *words])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def finished(method: str, study: Study) -> list[tuple[Part, dict[str, Any]]]:
    """What has been trained, and whether that succeeded."""
    found = [(part, part.folder / "study.json") for part in parts(method, study)]
    return [(part, json.loads(path.read_text())) for part, path in found if path.exists()]


def figures(method: str, way: str, study: Study) -> tuple[list[dict[str, float]], dict[str, dict[str, float]]]:
    """Of each seed's run in this direction, {} where it failed; and those of the baselines."""
    values, baselines = [], {}
    for part, outcome in finished(method, study):
        direction = part.direction(way)
        if direction is None:
            continue
        if not outcome["finished"]:
            values.append({})
            continue
        read = json.loads((part.folder / "evaluation.json").read_text())
        suffix = "_BtoA" if direction == "BtoA" else ""
        values.append({name: read[name + suffix] for name in TITLES if name + suffix in read})
        baselines = read["baselines"][direction]
    return values, baselines


def failed(run: dict[str, float], baselines: dict[str, dict[str, float]]) -> bool:
    """Whether training broke off, or labels are no better right than those of mean colours, which need no training."""
    return not run or run["label_accuracy"] <= baselines["mean colour"]["label_accuracy"]


def table(way: str, study: Study) -> str:
    """Of one direction: a line for each method, and for each baseline."""
    found = {method: figures(method, way, study) for method in METHODS}
    found = {method: pair for method, pair in found.items() if pair[0]}
    others = next((baselines for _, baselines in found.values() if baselines), {})
    measures = [name for name in TITLES if any(name in run for runs, _ in found.values() for run in runs)]
    lines = [["", *(TITLES[name] for name in measures), "failed"], ["---"] * (2 + len(measures))]
    for method, (runs, baselines) in found.items():
        cells = [spread([run[name] for run in runs if run]) for name in measures]
        lines.append(
            [f"[{method}]({method}.py)", *cells, f"{sum(failed(run, baselines) for run in runs)} of {len(runs)}"]
        )
    for name, values in others.items():
        lines.append([name, *(f"{values[m]:.3g}" if m in values else "" for m in measures), ""])
    return f"**{WAYS[way]}, {study.resolution}x{study.resolution}**\n\n{markdown(lines)}"


def costs(study: Study) -> str:
    """What a training takes."""
    lines = [["", "rounds", "ms a round", "peak memory"], ["---"] * 4]
    for method in METHODS:
        runs = [(part, outcome) for part, outcome in finished(method, study) if outcome["finished"]]
        if not runs:
            continue
        rows = [row for part, _ in runs for row in records(part.folder)]
        milliseconds = 1000 / statistics.median(row["images_per_second"] for row in rows if row["images_per_second"])
        memory = statistics.median(outcome["peak_bytes"] for _, outcome in runs)
        cells = [f"{max(row['step'] for row in rows):,}", f"{milliseconds:.0f}", f"{memory / 2**20:,.0f} MiB"]
        lines.append([f"[{method}]({method}.py)", *cells])
    return markdown(lines)


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def spread(values: list[float]) -> str:
    if not values:
        return "–"
    deviation = f" ± {statistics.stdev(values):.2g}" if len(values) > 1 else ""
    mean = statistics.fmean(values)
    return f"{mean:.3g}{deviation}" if math.isfinite(mean) else "–"


def markdown(lines: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def draw(study: Study) -> None:
    """Held-out examples of both directions: what is given, what each method makes of it (seed 0), and the truth."""
    import numpy as np

    from gan_jax.data import load, take
    from gan_jax.data.sides import reverse
    from gan_jax.figures import grid
    from gan_jax.runs import load_run
    from gan_jax.translating import make_translator

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
        halves.append(grid(np.stack(columns, 1).reshape(-1, *given.shape[1:]), len(columns)))
    gap = np.full((halves[0].shape[0], study.resolution // 4, 3), 255, np.uint8)
    study.figure.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate([halves[0], gap, halves[1]], 1)).save(study.figure, optimize=True)


if __name__ == "__main__":
    main(tyro.cli(Study, description=__doc__))
