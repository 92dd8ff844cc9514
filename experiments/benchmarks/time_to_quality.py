"""How good samples are after so many minutes of training, beside PyTorch's DCGAN example and torch-mimicry's SNGAN.

    python experiments/benchmarks/time_to_quality.py glyphs                     # 30 minutes for each of the games
    python experiments/benchmarks/time_to_quality.py mnist --data npz:mnist.npz

Each game trains alone, and the peers in eager mode, as their users train them. Our time begins when the command starts,
so it has the compilation in it; that of the peers is their training steps alone. Samples of each moment are evaluated
alike, in the features of a classifier of the dataset and in those of EfficientNet-lite0. Our games were chosen by the
classifier. Games that are done are kept in runs/time_to_quality, and others begin anew. Writes the tables and figures
of the page.
"""

import json
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from matplotlib.figure import Figure

from gan_jax.data import Dataset, load
from gan_jax.evaluation import Options as EvaluationOptions
from gan_jax.evaluation.features import CHOICES
from gan_jax.evaluation.images import evaluate_images
from gan_jax.reporting import grid, markdown, save_image, spread, write_part

HERE = Path(__file__).parent
EXPERIMENTS, PAGE, FIGURES = HERE.parent, HERE / "README.md", HERE.parent / "figures"

MOMENTS = (1, 2, 5, 10, 20, 30)  # minutes
FEATURES = {"classifier": "classifier", "efficientnet": "EfficientNet-lite0"}
MEASURES = ("frechet_ratio", "precision", "recall", "density", "coverage")
TITLES = {"frechet_ratio": "Fréchet, times real"}
SHOWN = 20  # images of each game in a figure, the first ones


@dataclass(frozen=True)
class Data:
    """side: of the images. ours: our best game, an experiment and its flags. spec: the dataset, if it needs no file."""

    side: int
    ours: tuple[str, ...]
    spec: str | None = None


_CONDITIONAL = ("labels/conditional.py", "--width", "32", "--learning-rate", "1e-3", "--ema", "0.9995")
DATA = {
    "glyphs": Data(32, _CONDITIONAL, "glyphs"),
    "mnist": Data(32, _CONDITIONAL),
    "cifar10": Data(32, (*_CONDITIONAL, "--flip")),
    "emoji": Data(64, (*_CONDITIONAL, "--target", "0.6")),
}
DCGAN = ("unconditional/dcgan_digits.py", "--width", "64", "--latent-size", "100")
PEERS = {"dcgan": "DCGAN, PyTorch's example", "sngan": "SNGAN, torch-mimicry"}
OURS = {"our_dcgan": "DCGAN, gan-jax", "ours": "best, gan-jax"}
GAMES = PEERS | OURS


@dataclass(frozen=True)
class Options:
    """Trains games for a given time, and writes how good their samples are at each moment."""

    name: Annotated[str, tyro.conf.Positional]
    """What to learn: glyphs, mnist, cifar10 or emoji."""

    data: str | None = None
    """The dataset, as gan-jax train takes it: npz:PATH, folder:PATH or tfds:NAME. Glyphs need none."""

    minutes: float = 30.0
    """Minutes of training of each game."""

    games: tuple[str, ...] = tuple(GAMES)
    """Games to train."""

    seeds: int = 3
    """Number of seeds of our games. Peers have one."""

    samples: int = 2000
    """Number of samples that are evaluated, or as many as there are training images if these are fewer."""

    out: Path = Path("runs/time_to_quality")
    """Folder of the games."""


def main() -> None:
    options = tyro.cli(Options)
    if options.name not in DATA:
        sys.exit(f"time_to_quality.py: no dataset {options.name!r}; there are {', '.join(DATA)}")
    if unknown := set(options.games) - set(GAMES):
        sys.exit(f"time_to_quality.py: no game {min(unknown)!r}; there are {', '.join(GAMES)}")
    spec = options.data or DATA[options.name].spec
    if spec is None:
        sys.exit(f"time_to_quality.py: give the images of {options.name} by --data, such as folder:PATH")
    dataset = load(spec, resolution=DATA[options.name].side)
    count = min(options.samples, len(dataset.train))
    for game in options.games:
        for seed in range(1 if game in PEERS else options.seeds):
            folder = options.out / options.name / f"{game}_{seed}"
            if not (folder / "quality.json").exists():
                print(f"== {folder}", flush=True)
                shutil.rmtree(folder, ignore_errors=True)  # a run that was interrupted would get more time
                if game in PEERS:
                    train_peer(game, folder, seed, dataset, count, options)
                else:
                    train_ours(game, folder, seed, spec, count, options)
                write_quality(folder, dataset, count)
    write(options.out / options.name, options.name)


def moments(minutes: float) -> list[float]:
    return [*(m for m in MOMENTS if m < minutes), minutes]


def train_peer(game: str, folder: Path, seed: int, data: Dataset, count: int, options: Options) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    images = folder / "images.npz"
    np.savez(images, images=np.asarray(data.train.images[np.arange(len(data.train))]))
    at = map(str, moments(options.minutes))
    command = [sys.executable, HERE / "torch_in_time.py", game, images, folder / "samples", "--minutes", *at]
    subprocess.run([*command, "--count", str(count), "--seed", str(seed)], check=True)
    images.unlink()


def train_ours(game: str, folder: Path, seed: int, spec: str, count: int, options: Options) -> None:
    """Trains until the time is up, and then draws samples of the last checkpoint before each moment."""
    setting = DATA[options.name]
    experiment, *flags = setting.ours if game == "ours" else DCGAN
    run = folder / "run"
    flags = [*flags, "--dataset", spec, "--resolution", str(setting.side), "--seed", str(seed), "--workdir", str(run)]
    often = ["--steps", "1000000", "--sample-every", "1000000", "--checkpoint-every", "200", "--keep", "10000"]
    process = subprocess.Popen(["gan-jax", "train", EXPERIMENTS / experiment, *flags, *often])
    try:
        process.wait(60 * options.minutes)
        sys.exit(f"time_to_quality.py: {run} ended before its time")
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)  # it saves, and ends
        process.wait()
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    seconds = {row["step"]: row["seconds"] for row in rows}
    *steps, last = sorted(int(path.name) for path in (run / "checkpoints").iterdir() if path.name.isdigit())
    *early, end = moments(options.minutes)
    at = {60 * minutes: max((s for s in steps if seconds[s] <= 60 * minutes), default=None) for minutes in early}
    for moment, step in (at | {60 * end: last}).items():
        if step is None:
            continue  # no checkpoint is that old
        made = folder / "samples" / f"{moment:.0f}.npz"
        made.parent.mkdir(exist_ok=True)
        command = ["gan-jax", "sample", run, "--checkpoint", str(step), "--count", str(count), "--out", made]
        subprocess.run(command, check=True)


def write_quality(folder: Path, dataset: Dataset, count: int) -> None:
    """Evaluates the samples of all moments, and writes the measures by seconds and features."""
    found = {}
    for path in drawn(folder):
        images = samples(path)
        for features in FEATURES:
            options = EvaluationOptions(count=count, features=CHOICES[features])
            figures = evaluate_images(dataset, lambda number, seed, x=images: x[:number], 1, options).figures
            found.setdefault(path.stem, {})[features] = {name: figures[name] for name in MEASURES}
        print(path.stem, found[path.stem], flush=True)
    (folder / "quality.json").write_text(json.dumps(found, indent=2))


def drawn(folder: Path) -> list[Path]:
    """The samples of a game, from the first moment to the last."""
    return sorted((folder / "samples").glob("*.npz"), key=lambda path: int(path.stem))


def samples(path: Path) -> np.ndarray:
    arrays = np.load(path)
    return arrays["images"]


def write(folder: Path, name: str) -> None:
    """Writes the part of the page for this dataset, and its figures."""
    found = {game: sorted(folder.glob(f"{game}_*/quality.json")) for game in GAMES}
    runs = {game: [json.loads(path.read_text()) for path in paths] for game, paths in found.items() if paths}
    lines = [["game", "minutes", "features", *(TITLES.get(m, m) for m in MEASURES)], ["---"] * (3 + len(MEASURES))]
    for game, each in runs.items():
        ends = [list(run.items())[-1] for run in each]
        minutes = f"{np.mean([int(seconds) for seconds, _ in ends]) / 60:.3g}"
        for features, title in FEATURES.items():
            cells = [spread([quality[features][m] for _, quality in ends]) for m in MEASURES]
            lines.append([GAMES[game], minutes, title, *cells])
    draw_curves(runs, FIGURES / f"time_to_quality_{name}.png")
    grids = FIGURES / f"time_to_quality_{name}_samples.png"
    save_image(grid(np.concatenate([samples(drawn(found[game][0].parent)[-1])[:SHOWN] for game in runs]), SHOWN), grids)
    pictures = f"![distance over time](../figures/time_to_quality_{name}.png)\n\n![samples](../figures/{grids.name})"
    caption = f"*The first samples at the end, from above: {'; '.join(GAMES[game] for game in runs)}.*"
    write_part(PAGE, f"time_to_quality_{name}", f"{markdown(lines)}\n{pictures}\n\n{caption}")
    print(f"written to {PAGE}")


def draw_curves(runs: dict[str, list[dict]], path: Path) -> None:
    """Draws the Frechet distance over minutes, a panel for each kind of features."""
    figure = Figure((8, 3), layout="constrained")
    for ax, (features, title) in zip(figure.subplots(1, 2), FEATURES.items(), strict=True):
        for number, (game, each) in enumerate(runs.items()):
            for run in each:
                minutes = [int(seconds) / 60 for seconds in run]
                values = [quality[features]["frechet_ratio"] for quality in run.values()]
                label = GAMES[game] if run is each[0] else None
                ax.plot(minutes, values, "o-", color=f"C{number}", label=label, markersize=3)
        ax.set(title=title, xscale="log", yscale="log", xlabel="minutes", ylabel="Fréchet distance, times real")
        ax.set_xticks(MOMENTS, map(str, MOMENTS))
        ax.set_xticks([], minor=True)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, fontsize="small")
    figure.savefig(path, dpi=80)


if __name__ == "__main__":
    main()
