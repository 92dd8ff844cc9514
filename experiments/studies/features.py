"""Some methods in two kinds of features: a classifier of digits, and EfficientNet-lite0. Do they agree?

    python experiments/studies/features.py             # finished sweeps are kept, interrupted ones are resumed

Each method is trained by `gan-jax sweep` with several seeds, and `gan-jax evaluate` evaluates its members in both.
Writes the table into experiments/README.md.
"""

import json
import subprocess
from pathlib import Path

import numpy as np
import tyro
from methods import README, Options, folder, link, train

START, END = "<!-- features: start -->", "<!-- features: end -->"
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
            lines.append([link(name), title, *(words([each[measure] for each in found]) for measure in MEASURES)])
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    before, _, rest = README.read_text().partition(START)
    README.write_text(f"{before}{START}\n\n{table}\n\n{END}{rest.partition(END)[2]}")
    print(f"{table}\nwritten to {README}")


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


def words(values: list[float]) -> str:
    """The mean and the standard deviation over seeds."""
    return f"{np.mean(values):.3g} ± {np.std(values, ddof=1):.2g}"


if __name__ == "__main__":
    main()
