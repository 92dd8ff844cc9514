"""Whether experiments train on several devices, in bfloat16, and go on to the bit from a checkpoint.

    python experiments/benchmarks/exact.py r3gan stylegan2 --flags dataset=digits resolution=8 width=8

Trains each on one device, on two, and on two in bfloat16. The run on two loses its last checkpoint and goes on from the
one before, as after a power cut. Its metrics and all arrays of its last checkpoint are compared with those it had.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import jax
import numpy as np
import orbax.checkpoint as ocp
import tyro

EXPERIMENTS = Path(__file__).parents[1]


@dataclass(frozen=True)
class Options:
    """Trains experiments and prints how their runs differ. Exits with 1 where a resumed run has other bits."""

    names: Annotated[tuple[str, ...], tyro.conf.Positional]
    """Names of experiments."""

    flags: tuple[str, ...] = ()
    """Settings of all of them, each as NAME=VALUE, such as width=8."""

    steps: int = 6
    """Training steps."""

    devices: int = 2
    """Number of devices."""


def main(options: Options) -> None:
    """Prints a line for each experiment."""
    print("| experiment | first step on several devices, relative difference | last step | resumed | bfloat16 |")
    print("| --- | --- | --- | --- | --- |")
    different = []
    for name in options.names:
        with tempfile.TemporaryDirectory() as folder:
            (first, last), same, half = compare(name, Path(folder), options)
        resumed = "the same bits" if same else "OTHER BITS"
        print(f"| {name} | {first:.1g} | {last:.1g} | {resumed} | {half} |", flush=True)
        different += [] if same else [name]
    sys.exit(1 if different else 0)


def compare(name: str, folder: Path, options: Options) -> tuple[tuple[float, float], bool, str]:
    """The relative difference between one device and several, whether a resumed run is the same, and bfloat16's end."""
    (experiment,) = (path for path in EXPERIMENTS.rglob(f"{name}.py") if "Config" in path.read_text())
    flags = [word for flag in options.flags for word in ("--" + flag.replace("=", " ")).split()]
    often = ("--log-every", "1", "--steps-per-call", "1", "--checkpoint-every", str(options.steps // 2))

    def run(title: str, devices: int, *more: str) -> Path:
        common = ("--steps", str(options.steps), *often, *flags, "--workdir", str(folder / title))
        train(experiment, devices, *common, *more)
        return folder / title

    one, several = run("one", 1), run("several", options.devices)
    away = np.max(np.abs(losses(one) - losses(several)) / np.maximum(np.abs(losses(one)), 1e-3), 1)
    before = metrics(several), arrays(several, options.steps)
    shutil.rmtree(several / "checkpoints" / str(options.steps))
    run("several", options.devices)
    same = before[0] == metrics(several) and same_bits(before[1], arrays(several, options.steps))
    half = losses(run("half", options.devices, "--precision", "bfloat16"))
    return (float(away[0]), float(away[-1])), same, "finite losses" if np.isfinite(half).all() else "NOT FINITE"


def train(experiment: Path, devices: int, *flags: str) -> None:
    flag = f"--xla_force_host_platform_device_count={devices}"
    environment = {**os.environ, "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} {flag}"}
    done = subprocess.run(["gan-jax", "train", experiment, *flags], env=environment, stdout=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(f"exact.py: {experiment.stem} cannot be trained on {devices} devices")


def metrics(run: Path) -> list[dict]:
    """The rows of a run without what the clock says."""
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in row.items() if "second" not in name} for row in rows]


def losses(run: Path) -> np.ndarray:
    return np.array([[value for name, value in row.items() if name.endswith("loss")] for row in metrics(run)])


def arrays(run: Path, step: int) -> list[np.ndarray]:
    """All arrays of a checkpoint, in its order."""
    with ocp.StandardCheckpointer() as checkpointer:
        tree = checkpointer.restore((run / "checkpoints" / str(step) / "default").resolve())
    return [np.asarray(x) for x in jax.tree.leaves(tree)]


def same_bits(a: list[np.ndarray], b: list[np.ndarray]) -> bool:
    return len(a) == len(b) and all(x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True))


if __name__ == "__main__":
    main(tyro.cli(Options))
