"""Some methods in two kinds of features: a classifier of digits, and EfficientNet-lite0. Do they agree?

    python experiments/studies/features.py             # finished sweeps are kept, interrupted ones are resumed

Each method is trained by `gan-jax sweep` with several seeds, and `gan-jax evaluate` evaluates its members in both.
Writes the table into experiments/README.md.
"""

import json
import subprocess
from pathlib import Path

import tyro
from methods import README, Options, folder, link, train

from gan_jax.reporting import markdown, spread, write_part

METHODS = ("dcgan_digits", "conditional", "wgan_gp", "began")
FEATURES = {"classifier": "classifier", "efficientnet": "EfficientNet-lite0"}
MEASURES = {
    "frechet_ratio": "Fréchet, times real",
    "kernel_distance": "KID",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
}


def main() -> None:
    options = tyro.cli(Options)
    lines = [["experiment", "features", *MEASURES.values()], ["---"] * (len(MEASURES) + 2)]
    for name in options.names or METHODS:
        train(name, options)
        members = sorted((folder(name, options) / "members").iterdir())
        for features, title in FEATURES.items():
            found = [evaluate(member, features) for member in members]
            lines.append([link(name), title, *(spread([each[measure] for each in found]) for measure in MEASURES)])
    table = markdown(lines)
    write_part(README, "features", table)
    print(f"{table}written to {README}")


def evaluate(run: Path, features: str) -> dict:
    """What the newest evaluation of a run in these features found. It is evaluated now if it has not been."""
    if (found := read(run, features)) is None:
        subprocess.run(["gan-jax", "evaluate", str(run), "--features", features], check=True, stdout=subprocess.DEVNULL)
        found = read(run, features)
    assert found is not None
    return found


def read(run: Path, features: str) -> dict | None:
    path = run / "evaluation.json"
    newest = json.loads(path.read_text()) if path.exists() else {}
    every = [newest, *newest.get("others", [])]
    return next((each for each in every if each.get("settings", {}).get("features") == features), None)


if __name__ == "__main__":
    main()
