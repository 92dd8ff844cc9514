"""What is said of GANs, tested: each statement is an experiment over many seeds that ends in a verdict.

    python experiments/claims                        # all of them, into experiments/claims/README.md
    python experiments/claims saddle_point --seeds 128
    python experiments/claims --quick --out runs/quick --page runs/quick/README.md   # that everything runs

What has been run is kept, by the text of its file, and interrupted work goes on with the next arm.
"""

import hashlib
import importlib
import re
import sys
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro
from claim import Claim, Found, Judgement
from matplotlib.figure import Figure

from gan_jax.common.files import write_aside
from gan_jax.reporting import markdown, marks, write_part

HERE = Path(__file__).parent
NAMES = (
    "equilibrium",
    "optimal_discriminator",
    "early_gradients",
    "dcgan_rules",
    "unlabelled_images",
    "markov_chain",
    "sharpness",
    "consistency",
    "designed_losses",
    "stability",
    "discrete_data",
    "opposed_steps",
    "collapse",
    "counting",
    "vanishing_gradients",
    "wasserstein_gradients",
    "sgd_and_adam",
    "saddle_point",
    "learning_rates",
    "image_range",
    "label_tricks",
    "normalization",
    "sparse_gradients",
    "layer_noise",
    "pairs",
    "cycle_loss",
    "history",
)
# They do not change what is measured.
_JUDGING = ("claim", "effects", "plots")
_SECTION = re.compile(r"<!-- (\w+): start -->\n\n## (\d+)\. .*?<!-- \1: end -->\n*", re.DOTALL)


@dataclass(frozen=True)
class Options:
    """Runs the claims and writes their verdicts."""

    names: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Claims to run, by the names of their files. By default, all of them."""

    seeds: int | None = None
    """Number of seeds. By default, each claim has its own."""

    quick: bool = False
    """Use tiny settings and 4 seeds. The verdicts then mean nothing."""

    out: Path = Path("runs/claims")
    """Folder for what was measured."""

    page: Path = HERE / "README.md"
    """Page to write. Figures go to the folder figures beside it."""


def main(options: Options) -> None:
    for name in options.names:
        if name not in NAMES:
            sys.exit(f"claims: there is no claim {name!r}; there are {', '.join(NAMES)}")
    if options.seeds is not None and options.seeds < 2:
        sys.exit("claims: --seeds must be at least 2, since verdicts rest on the spread over seeds")
    for name in options.names or NAMES:
        claim: Claim = importlib.import_module(name).CLAIM
        began = time.monotonic()
        found = measured(name, claim, options)
        judgement = claim.judge(found)
        print(f"{name}: {judgement.verdict}. {judgement.why} ({time.monotonic() - began:.0f} s)", flush=True)
        write(name, claim, found, judgement, options)


def measured(name: str, claim: Claim, options: Options) -> Found:
    """What each arm measures. Arms that were run before, by the same program and with the same seeds, are read."""
    count = options.seeds or (4 if options.quick else claim.seeds)
    found = {}
    for arm, run in claim.arms.items():
        origin = getattr(run, "func", run).__module__  # several claims may share the arms of one file
        identity = hashlib.sha256(repr((program(origin), arm, count, options.quick)).encode()).hexdigest()[:12]
        path = options.out / origin / f"{identity}.npz"
        if not path.exists():
            print(f"{name}: {arm}", flush=True)
            values = {key: np.asarray(value) for key, value in run(range(count), options.quick).items()}
            path.parent.mkdir(parents=True, exist_ok=True)
            write_aside(path, lambda file, values=values: np.savez(file, **values))
        with np.load(path) as stored:
            found[arm] = dict(stored)
    return found


def program(name: str) -> list[str]:
    """The text of a file of this folder, and those of the files that it imports."""
    text = (HERE / f"{name}.py").read_text()
    imported = [each for each in re.findall(r"^from (\w+) import", text, re.MULTILINE) if each not in _JUDGING]
    return [text, *(part for each in imported if (HERE / f"{each}.py").exists() for part in program(each))]


def write(name: str, claim: Claim, found: Found, judgement: Judgement, options: Options) -> None:
    """Writes the figure of a claim, its section, and its line in the table of verdicts."""
    figures = options.page.parent / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(8, 3), layout="constrained")
    claim.draw(figure, found)
    figure.savefig(figures / f"{name}.png", dpi=70)
    count = len(next(iter(next(iter(found.values())).values())))
    lines = [["measured", "mean", "interval", "wanted", ""], ["---"] * 5]
    for effect in judgement.effects:
        holds = "yes" if effect.holds else "no"
        lines.append(
            [effect.what, f"{effect.value:.3g}", f"{effect.low:.3g} to {effect.high:.3g}", effect.wanted, holds]
        )
    heading = f"{claim.number}. {claim.says.rstrip('.')}"
    body = [
        f"## {heading}",
        textwrap.fill(f"If it were true: {claim.expects} {count} seeds, [{name}.py]({name}.py).", 120),
        markdown(lines).rstrip(),
        f"![{claim.says}](figures/{name}.png)",
        textwrap.fill(f"**{judgement.verdict.capitalize()}.** {judgement.why}", 120),
    ]
    line = [str(claim.number), f"[{claim.says}](#{slug(heading)})", f"**{judgement.verdict}**", judgement.why]
    rows = {**verdicts(options.page), line[0]: line}
    table = [["", "statement", "verdict", "in numbers"], ["---"] * 4, *(rows[key] for key in sorted(rows, key=int))]
    write_part(options.page, "verdicts", markdown(table))
    write_part(options.page, name, "\n\n".join(body))
    options.page.write_text(in_order(options.page.read_text()))


def in_order(page: str) -> str:
    """A page with its sections of claims in the order of their numbers, from the place of the first one on."""
    sections = list(_SECTION.finditer(page))
    rest, place = _SECTION.sub("", page), sections[0].start()
    ordered = "\n\n".join(found[0].strip() for found in sorted(sections, key=lambda found: int(found[2])))
    return f"{rest[:place]}{ordered}\n\n{rest[place:]}".rstrip() + "\n"


def verdicts(page: Path) -> dict[str, list[str]]:
    """The lines of the table of verdicts that a page has, by the number of the claim."""
    start, end = marks("verdicts")
    text = page.read_text() if page.exists() else ""
    lines = [line.strip("| ").split(" | ") for line in text.partition(start)[2].partition(end)[0].splitlines()]
    return {line[0]: line for line in lines if line[0].isdigit()}


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__, prog="python experiments/claims"))
