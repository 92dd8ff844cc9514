"""Trains the methods in experiments/, each with several seeds, and writes their tables into experiments/README.md.

    python experiments/studies/methods.py                 # all; finished sweeps are kept, interrupted ones are resumed
    python experiments/studies/methods.py lsgan wgan_gp   # these two, the others as they were

Each method is trained by `gan-jax sweep experiments/GROUP/NAME.py FLAGS --seeds 3 --workdir runs/methods/NAME_FLAGS`.
"""

import ast
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from gan_jax.reporting import markdown, write_part

EXPERIMENTS = Path(__file__).parents[1]
README = EXPERIMENTS / "README.md"

# The plain game with the learning rate and the average of the methods that it is compared with.
PLAIN = "dcgan_digits --learning-rate 2e-4 --ema 0.998"

# The methods by what they are measured with. Each is the name of an experiment, perhaps with flags. The plain games
# come first, with as many steps or as few examples as the methods that are compared with them.
TABLES = {
    "Images of digits, 8x8": (
        *("dcgan_digits", PLAIN + " --steps 5000", "mlp_gan_2014", "lsgan", "wgan", "wgan_gp", "f_gan", "ragan"),
        *("rpgan", "r3gan", "stylegan2", "sngan", "began", "label_smoothing", "instance_noise", "dragan", "r1"),
        *("lecam", "consistency"),
        *("feature_matching", "conditional", "projection", "biggan", "acgan", "infogan", "semi_supervised"),
    ),
    "200 images of digits": (PLAIN + " --examples 200 --steps 4000", "diffaugment", "ada"),
    "Eight Gaussians on a ring": ("ring", "unrolled --unrolled-steps 0", "unrolled", "extragradient"),
    "25 Gaussians on a grid": ("packing --pack 1", "packing"),
    "Stacked digits, 1,000 modes": ("stacked_digits",),
}
TITLES = {
    "frechet_ratio": "Fréchet distance, times real",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
    "modes_covered": "modes covered",
    "high_quality": "high-quality share",
    "reverse_kl": "reverse KL",
    "kl": "KL",
}


@dataclass(frozen=True)
class Options:
    """Trains methods with several seeds each, and writes the tables of all that were trained."""

    names: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Methods to train, with the flags of the tables if they have any: "packing --pack 1". All of them by default."""

    seeds: int = 3
    """Number of seeds of each method."""

    out: Path = Path("runs/methods")
    """Folder of the sweeps."""


def main() -> None:
    options = tyro.cli(Options)
    known = [name for names in TABLES.values() for name in names]
    for name in options.names or known:
        if name not in known:
            sys.exit(f"methods.py: no method {name!r}; there are {', '.join(known)}")
    untrained = [name for name in options.names or known if not train(name, options)]
    tables = [table(title, names, options) for title, names in TABLES.items()]
    write_part(README, "methods", "\n".join(tables))
    print(f"written to {README}")
    if untrained:
        sys.exit(f"methods.py: not trained: {', '.join(untrained)}")


def path_of(experiment: str) -> Path:
    """The file of the experiment, in whichever group it is."""
    groups = (path for path in EXPERIMENTS.iterdir() if path.name not in ("studies", "benchmarks"))
    return next(path for group in groups if (path := group / f"{experiment}.py").exists())


def train(name: str, options: Options) -> bool:
    """Trains a method, and returns whether there is now a finished sweep of it."""
    experiment, *flags = name.split()
    swept = ["--seeds", str(options.seeds), "--workdir", folder(name, options)]
    command = ["gan-jax", "sweep", path_of(experiment), *flags, *swept]
    print(f"== {name}", flush=True)
    return subprocess.run(command).returncode == 0


def folder(name: str, options: Options) -> Path:
    """The folder of a method's sweep."""
    return options.out / name.replace(" --", "_").replace(" ", "=")


def table(title: str, names: tuple[str, ...], options: Options) -> str:
    """A table of the finished sweeps among `names`, a line each."""
    results = {name: read(folder(name, options)) for name in names}
    results = {name: result for name, result in results.items() if result}
    measures = [m for m in TITLES if any(m in result["measures"] for result in results.values())]
    lines = [["experiment", "method", "steps", *(TITLES[m] for m in measures), "seconds a run"]]
    lines.append(["---"] * len(lines[0]))
    for name, result in results.items():
        cells = [words(result["measures"].get(m), result) for m in measures]
        seconds = "" if result["seconds"] is None else f"{result['seconds']:.0f}"
        lines.append([link(name), summary(name), f"{result['steps']:,}", *cells, seconds])
    return f"**{title}**\n\n{markdown(lines)}"


def read(folder: Path) -> dict | None:
    """What a sweep of one combination measured, or None where it has not ended."""
    path = folder / "results.json"
    if not path.exists():
        return None
    found = json.loads(path.read_text())["combinations"][0]
    config = json.loads((folder / "config.json").read_text())
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    seconds = max((row["seconds"] for row in rows if "seconds" in row), default=None)
    return {**found, "steps": config["settings"]["steps"], "seconds": seconds and seconds / found["members"]}


def words(spread: dict | None, result: dict) -> str:
    """A measure's mean and standard deviation over the seeds, and how many seeds finished unless all did."""
    if spread is None:
        return "–"
    failed = "" if result["finished"] == result["members"] else f" ({result['finished']} of {result['members']})"
    deviation = "" if spread["deviation"] is None else f" ± {spread['deviation']:.2g}"
    return f"{spread['mean']:.3g}{deviation}{failed}"


def link(name: str) -> str:
    """A link to the experiment's file, and the method's flags."""
    experiment, *flags = name.split()
    path = path_of(experiment).relative_to(EXPERIMENTS).as_posix()
    return " ".join([f"[{experiment}]({path})", *([f"`{' '.join(flags)}`"] if flags else [])])


def summary(name: str) -> str:
    """The first sentence of the experiment's docstring."""
    doc = ast.get_docstring(ast.parse(path_of(name.split()[0]).read_text())) or ""
    return " ".join(doc.split("\n\n")[0].split()).rstrip(".")


if __name__ == "__main__":
    main()
