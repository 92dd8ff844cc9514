"""gan-jax sample: draws samples from a trained run, as one picture."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from tyro.conf import Positional, arg

from gan_jax.commands.shared import check_seed, start_jax
from gan_jax.common.errors import UsageError

if TYPE_CHECKING:
    from gan_jax.game import Game
    from gan_jax.training.run_folder import Run


@dataclass(frozen=True)
class Sample:
    """Draws samples from the newest checkpoint of a run, as one picture: a grid of images, or points over real ones."""

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    """Folder of the run."""

    count: int | None = None
    """Number of samples: 64 images or 2,000 points by default."""

    seed: int = 1
    """Random seed of the latents."""

    out: Path = Path("samples.png")
    """The picture to write."""

    class_name: Annotated[str | None, arg(name="class")] = None
    """Draw samples of this class only. The run must be conditional."""

    interpolate: bool = False
    """Interpolate between pairs of latents. Each row of the grid, or each line through points, is an interpolation."""


def sample_command(arguments: list[str]) -> None:
    """Runs `gan-jax sample RUN [flags]`."""
    options = tyro.cli(Sample, prog="gan-jax sample", args=arguments)
    if options.count is not None and options.count < 1:
        raise UsageError(f"--count must be at least 1, not {options.count}")
    check_seed(options.seed)
    console = start_jax()

    from gan_jax.data import load
    from gan_jax.inference import (
        grid_columns,
        interpolate_images,
        interpolation_picture,
        picture_count,
        sample_images,
        sample_picture,
    )
    from gan_jax.reporting import save_image
    from gan_jax.training.run_folder import attempt, load_run

    run = load_run(options.run)
    game, step, networks = run.restore()
    if game.translate:
        raise UsageError(f"{options.run} translates images and draws no samples: use gan-jax translate {options.run}")
    if options.class_name is not None:
        game = _only_class(game, options.class_name, run)
    count = options.count or picture_count(run.info)
    # Points are drawn over the training points. Images are drawn alone, so their dataset need not be loaded.
    points = len(run.info.example_shape) == 1
    real = load(run.settings.dataset, resolution=run.settings.resolution).train.images if points else None
    if options.interpolate:
        columns = max(2, round(count**0.5))
        samples = interpolate_images(game, networks, -(-count // columns), columns, options.seed)
        picture = interpolation_picture(samples, columns, real)
    else:
        columns = grid_columns(game, count) if options.class_name is None else None
        if options.count is None:
            count -= count % (columns or 1)  # A grid of whole rows.
        samples = sample_images(game, networks, count, options.seed)
        picture = sample_picture(samples, real, columns)
    attempt(options.out, lambda: save_image(picture, options.out))
    console.print(f"{len(samples)} samples of step {step}: {options.out}")


def _only_class(game: "Game", name: str, run: "Run") -> "Game":
    """`game` with all its samples of the class `name`; UsageError where that cannot be."""
    from gan_jax.inference import of_class

    try:
        return of_class(game, _class_number(name, run.info.classes))
    except ValueError as error:
        raise UsageError(f"--class {name} for {run.folder}: {error}") from error


def _class_number(name: str, classes: Sequence[str]) -> int:
    """The place of `name` in `classes`; ValueError if it is not there."""
    if name in classes:
        return classes.index(name)
    if not classes:
        raise ValueError("there is no such class: the data have no classes")
    near = difflib.get_close_matches(name, classes, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    listed = ", ".join(classes[:20]) + (", ..." if len(classes) > 20 else "")
    raise ValueError(f"there is no such class: the classes are {listed}{hint}")
