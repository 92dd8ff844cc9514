"""Whether two checkouts of this repository train the same experiments to the same bits.

    git clone . ../before && git -C ../before checkout COMMIT
    python experiments/benchmarks/same_bits.py ../before . --experiments dcgan_digits wgan_gp pix2pix

Each experiment is trained for some steps with the package of either checkout, in this environment. Every number of
metrics.jsonl but the clock's is compared: losses, outputs, penalties and the norms of all gradients at every step.
"""

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

CLOCK = ("seconds", "images_per_second")


@dataclass(frozen=True)
class Options:
    """Trains experiments with two checkouts and compares their metrics. Exits with 1 where they differ."""

    before: Annotated[Path, tyro.conf.Positional]
    """The first checkout."""

    after: Annotated[Path, tyro.conf.Positional]
    """The second checkout."""

    experiments: tuple[str, ...] = ("dcgan_digits", "wgan_gp", "pix2pix")
    """Names of experiments that both checkouts have."""

    steps: int = 40
    """Training steps of each."""


def main(options: Options) -> None:
    differing = []
    for name in options.experiments:
        before, after = (
            metrics(checkout.resolve(), name, options.steps) for checkout in (options.before, options.after)
        )
        numbers = sum(len(row) - 1 for row in after)
        first = next((difference(*rows) for rows in zip(before, after, strict=True) if rows[0] != rows[1]), None)
        print(f"{name}: {'the same' if first is None else first}, {len(after)} steps, {numbers} numbers", flush=True)
        differing += [name] if first else []
    sys.exit(1 if differing else 0)


def metrics(checkout: Path, name: str, steps: int) -> list[dict]:
    """The lines of metrics.jsonl, a line for each step, of a run with the checkout's package."""
    (experiment,) = (path for path in (checkout / "experiments").rglob(f"{name}.py") if "Config" in path.read_text())
    entry = tomllib.loads((checkout / "pyproject.toml").read_text())["project"]["scripts"]["gan-jax"]
    module, _, function = entry.partition(":")
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        command = f"from {module} import {function}; {function}()"
        flags = ("--steps", str(steps), "--log-every", "1", "--workdir", str(run))
        trained = subprocess.run(
            [sys.executable, "-c", command, "train", str(experiment), *flags],
            cwd=folder,  # which Python puts before PYTHONPATH
            env={**os.environ, "PYTHONPATH": str(checkout)},
            stdout=subprocess.DEVNULL,
        )
        if trained.returncode:
            sys.exit(f"{name} could not be trained with {checkout}: see above")
        rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in row.items() if key not in CLOCK} for row in rows]


def difference(before: dict, after: dict) -> str:
    """What differs first between two lines."""
    name = next(key for key in [*before, *after] if before.get(key) != after.get(key))
    return f"step {after['step']}: {name} is {before.get(name)} before and {after.get(name)} after"


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))
