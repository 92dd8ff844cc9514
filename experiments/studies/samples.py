"""Draws the picture at the top of the README: the first samples of some runs, below each other.

    python experiments/studies/samples.py runs/emoji runs/cifar10 runs/letters

None is picked: sample i of a run depends only on its networks, the seed and i.
"""

import subprocess
import tempfile
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from gan_jax.reporting import grid, save_image

FIGURE = Path(__file__).parents[1] / "figures" / "samples.png"
SIDE, GAP = 64, 12  # pixels of an image and between two runs


def main(
    runs: Annotated[tuple[Path, ...], tyro.conf.Positional],
    columns: int = 12,
    rows: int = 3,
    seed: int = 0,
    out: Path = FIGURE,
) -> None:
    """Draws samples of runs.

    Args:
        runs: Folders of runs, from above.
        columns: Number of samples in a row.
        rows: Number of rows of each run.
        seed: Seed of the samples.
        out: The picture.
    """
    parts = []
    for run in runs:
        drawn = grid(enlarged(samples(run, columns * rows, seed)), columns)
        parts += [drawn, np.full((GAP, *drawn.shape[1:]), 255, np.uint8)]
    save_image(np.concatenate(parts[:-1]), out)
    print(f"{columns * rows} samples of each of {len(runs)} runs: {out}")


def samples(run: Path, count: int, seed: int) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "samples.npz"
        command = ["gan-jax", "sample", run, "--count", str(count), "--seed", str(seed), "--out", made]
        subprocess.run(command, check=True)
        return np.load(made)["images"]


def enlarged(images: np.ndarray) -> np.ndarray:
    """Images of `SIDE` pixels and three channels."""
    times = SIDE // images.shape[1]
    return np.broadcast_to(images, (*images.shape[:3], 3)).repeat(times, 1).repeat(times, 2)


if __name__ == "__main__":
    tyro.cli(main)
