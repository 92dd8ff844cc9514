"""The gallery: every experiment trained once as its file says, with its newest picture and first figures.

    python experiments/studies/gallery.py --images emoji        # all; finished runs are kept, others resumed
    python experiments/studies/gallery.py r1 dragan             # these two, the others as they were

Writes docs/gallery.md and its pictures. Experiments that were not trained are listed without. Those whose data are a
download learn from --images instead.
"""

import ast
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import training_runs
import tyro
from PIL import Image

from gan_jax.evaluation.figures import figure
from gan_jax.reporting import markdown, write_part

EXPERIMENTS = Path(__file__).parents[1]
PAGE = EXPERIMENTS.parent / "docs" / "gallery.md"
PICTURES = PAGE.parent / "images" / "gallery"
GROUPS = ("unconditional", "stabilization", "labels", "few_images", "modes", "translation", "applications", "baselines")
WIDEST = 360  # pixels of a picture
LINES, FIGURES = 4, 4  # of texts and of figures that are shown

# What learns from the dataset {} in the place of a download.
ON_IMAGES = {
    "colorization": ("--dataset", "colorization:{}"),
    "edges": ("--dataset", "edges:{}"),
    "super_resolution": ("--dataset", "superresolution:{}"),
    "inpainting": ("--dataset", "inpainting:{}"),
}


@dataclass(frozen=True)
class Gallery:
    """Trains and draws experiments, and writes the gallery."""

    names: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Experiments to train, by the names of their files. All of them by default."""

    images: Path | None = None
    """Folder of images for the experiments whose data are a download. These are left out without it."""

    out: Path = Path("runs/gallery")
    """Folder of the runs."""


def main() -> None:
    options = tyro.cli(Gallery)
    files = {file.stem: file for group in GROUPS for file in sorted((EXPERIMENTS / group).glob("*.py"))}
    if unknown := set(options.names) - set(files):
        sys.exit(f"gallery.py: no experiment {min(unknown)!r}; there are {', '.join(files)}")
    for name in options.names or files:
        if name not in ON_IMAGES:
            training_runs.train(files[name], options.out / name, ())
        elif options.images is not None:
            flags = (word.format(f"folder:{options.images}") for word in ON_IMAGES[name])
            training_runs.train(files[name], options.out / name, tuple(flags))
    PICTURES.mkdir(parents=True, exist_ok=True)
    for group in GROUPS:
        rows = [row(file, options.out / name) for name, file in files.items() if file.parent.name == group]
        write_part(PAGE, group, markdown([["", "experiment", "figures"], ["---"] * 3, *rows]))
    print(f"written to {PAGE}")


def finished(run: Path) -> bool:
    found = training_runs.outcome(run)
    return bool(found and found["finished"])


def row(file: Path, run: Path) -> list[str]:
    """The picture, the experiment, and how it went. Picture and figures are empty if it was not trained."""
    words = ast.get_docstring(ast.parse(file.read_text())).splitlines()[0].rstrip(".")
    experiment = f"[{file.stem}](../experiments/{file.parent.name}/{file.name})<br>{words}"
    if not finished(run):
        return ["", experiment, ""]
    steps = training_runs.records(run)[-1]["step"]
    return [picture(run), experiment, "<br>".join([*figures(run), f"{steps:,} steps"])]


def figures(run: Path) -> list[str]:
    """The figures of a run that matter most."""
    found = training_runs.evaluation(run)
    known = [(figure(name), found[name]) for name in found["measures"][:FIGURES]]
    return [f"{each.title}: {value:{each.format}}" for each, value in known if isinstance(value, int | float)]


def picture(run: Path) -> str:
    """The newest picture of a run as a cell of a table, or the first lines of its newest texts."""
    newest = max((run / "samples").iterdir())
    if newest.suffix == ".txt":
        return "<br>".join(newest.read_text().splitlines()[:LINES])
    with Image.open(newest) as drawn:
        drawn.thumbnail((WIDEST, 2 * WIDEST))
        drawn.quantize(128).save(PICTURES / f"{run.name}.png", optimize=True)
    return f"![{run.name}](images/gallery/{run.name}.png)"


if __name__ == "__main__":
    main()
