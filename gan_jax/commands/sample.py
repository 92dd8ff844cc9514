"""gan-jax sample: draws samples from a trained run."""

import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from tyro.conf import Positional, arg

from gan_jax.commands.sample_output import Drawn, Form, form_of, write_samples
from gan_jax.commands.shared import Checkpoint, Trust, check_seed, load_run_or_export, standing, start_jax
from gan_jax.common.errors import UsageError

if TYPE_CHECKING:
    from gan_jax.data import DataInfo
    from gan_jax.game import Game
    from gan_jax.sharing import Exported
    from gan_jax.training.run_folder import Run

_MOST_SEEDS = 100_000

# Walks and steps of interpolations by default.
_WALKS = 8
_WALKS_OF_ANIMATION = 24


@dataclass(frozen=True)
class Sample:
    """Draws samples from a checkpoint of a run: images, volumes, texts, or points over real ones.

    The name of the output decides what is written. OUT.png and OUT.jpg are one picture of all samples, OUT.gif is an
    animation, OUT.npz holds the samples and their latents as arrays, and OUT/ is a folder of single images. Of volumes,
    OUT/ holds meshes, which are OBJ files. OUT.txt has a text in each line."""

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    """Folder of the run, or one that gan-jax export wrote."""

    count: int | None = None
    """Number of samples: 64 images, 40 volumes, 40 texts or 2,000 points by default, and 576 in an animated
    interpolation of images or volumes."""

    seed: int | None = None
    """Random seed of the latents: 1 by default."""

    seeds: Annotated[str | None, arg(metavar="S1,S2-S3,...")] = None
    """Several seeds, such as 1,5-8, in the place of --seed and --count. Each gives one sample, the first one of that
    seed. In a conditional run it is a sample of the first class, unless --class names another one."""

    latents: Path | None = None
    """File of latents to draw, in the place of a seed: a .npy file, or a .npz file with arrays `latents` and optionally
    `labels`. The .npz files that this command writes give the same samples again."""

    out: Annotated[str, arg(metavar="OUT")] = "samples.png"
    """Where to write: a name that ends in .png, .jpg, .jpeg, .gif, .npz or .txt, or a folder, with / at its end."""

    class_name: Annotated[str | None, arg(name="class")] = None
    """Draw samples of this class only. The run must be conditional."""

    truncation: Annotated[float | None, arg(metavar="PSI")] = None
    """Draw more typical samples, with less variety. With styles, as in StyleGAN2, samples lie this many times as
    far from the mean style, from 0 to 1. With normal latents otherwise, as in BigGAN, it is a threshold above 0, such
    as 0.5: latent numbers that are further from 0 are drawn again."""

    standing_statistics: Annotated[int | None, arg(metavar="N")] = None
    """Measure the means and variances of batch normalization anew, by this many batches of 256 samples (say 100)."""

    interpolate: bool = False
    """Interpolate between pairs of latents. Each row of the grid, or each line through points, is an interpolation. In
    an animation, each frame shows one step of all of them."""

    checkpoint: Checkpoint = None

    trust: Trust = False


def sample_command(arguments: list[str]) -> None:
    """Runs `gan-jax sample RUN [flags]`."""
    options = tyro.cli(Sample, prog="gan-jax sample", args=arguments)
    form = form_of(options.out)
    seeds = _checked_seeds(options)
    console = start_jax()

    run = load_run_or_export(options.run, options.trust)
    _check_form(options, form, run.info)
    game, step, networks = run.restore(options.checkpoint)
    if game.translate:
        raise UsageError(f"{options.run} translates images and draws no samples: use gan-jax translate {options.run}")
    if options.truncation is not None:
        game = _truncated(game, options.truncation, run, options.latents)
    if options.standing_statistics is not None:  # of all classes
        networks = standing(game, networks, options.standing_statistics, run.folder)
    if options.class_name is not None:
        game = _only_class(game, options.class_name, run)
    drawn = _draw(options, seeds, form, run, game, networks)
    write_samples(drawn, Path(options.out), form)
    console.print(f"{len(drawn.samples)} samples of step {step}: {options.out}")


def _check_form(options: Sample, form: Form, info: "DataInfo") -> None:
    """Raises UsageError for an output or a walk that samples of this kind do not have."""
    if form is Form.FOLDER and len(info.example_shape) < 3:
        raise UsageError(f"--out {options.out}: the samples are {info.kind}, and a folder holds single images")
    if form is Form.LINES and not info.characters:
        raise UsageError(f"--out {options.out}: the samples are {info.kind}, and a .txt file holds texts")
    if options.interpolate and info.characters:
        raise UsageError("--interpolate: the latents of texts are noise for each character, and walks say nothing")


def _checked_seeds(options: Sample) -> list[int] | None:
    """The seeds of --seeds, if it is given. Raises UsageError for numbers out of range and for flags beside others."""
    ways = {"--seeds": options.seeds, "--latents": options.latents}
    given = [flag for flag, value in ways.items() if value is not None]
    others = {**ways, "--seed": options.seed, "--count": options.count}
    for flag in given:
        for other, value in others.items():
            if other != flag and value is not None:
                raise UsageError(f"{flag} says which samples to draw, so {other} cannot be given too")
    if options.count is not None and options.count < 1:
        raise UsageError(f"--count must be at least 1, not {options.count}")
    if options.seed is not None:
        check_seed(options.seed)
    return None if options.seeds is None else parse_seeds(options.seeds)


def parse_seeds(words: str) -> list[int]:
    """The seeds that a list such as "1,5-8" names: 1, 5, 6, 7, 8. Raises UsageError if it is not such a list."""
    seeds: list[int] = []
    for word in words.split(","):
        match = re.fullmatch(r"(\d{1,10})(?:-(\d{1,10}))?", word.strip())
        if match is None:
            raise UsageError(f"--seeds {words}: {word!r} is neither a seed nor a range of seeds such as 5-8")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise UsageError(f"--seeds {words}: the range {word} ends before it begins")
        check_seed(last, "--seeds")
        if len(seeds) + last - first >= _MOST_SEEDS:
            raise UsageError(f"--seeds {words}: these are more than {_MOST_SEEDS:,} seeds")
        seeds += range(first, last + 1)
    if len(set(seeds)) < len(seeds):
        twice, _ = Counter(seeds).most_common(1)[0]
        raise UsageError(f"--seeds {words}: the seed {twice} is there twice")
    return seeds


def _only_class(game: "Game", name: str, run: "Run | Exported") -> "Game":
    """`game` with all its samples of the class `name`; UsageError where that cannot be."""
    from gan_jax.inference import class_number, of_class

    # Python may have read the arguments as ASCII, but names of classes are UTF-8.
    name = os.fsencode(name).decode(errors="surrogateescape")
    try:
        return of_class(game, class_number(name, run.info.classes))
    except ValueError as error:
        raise UsageError(f"--class {name} for {run.folder}: {error}") from error


def _truncated(game: "Game", psi: float, run: "Run | Exported", given: Path | None) -> "Game":
    """`game` with truncated samples; UsageError where that cannot be, as for latents that are given."""
    from gan_jax.inference import truncated

    try:
        found = truncated(game, psi)
    except ValueError as error:
        raise UsageError(f"--truncation {psi:g} for {run.folder}: {error}") from error
    if given is not None and found.sample is game.sample:  # only other latents would be drawn
        raise UsageError(f"--truncation {psi:g} says which latents to draw, and --latents {given} gives them")
    return found


def _draw(
    options: Sample, seeds: list[int] | None, form: Form, run: "Run | Exported", game: "Game", networks: dict[str, Any]
) -> Drawn:
    from gan_jax.inference import decode, labels_of, latent_array, walk_latents

    latents, names, columns = _latents(options, seeds, form, run, game)
    if options.interpolate:
        assert columns is not None
        latents = walk_latents(latents, columns)
        pairs = zip(names[::2], names[1::2], strict=True)
        names = [f"{start}-{stop}_step{i:03d}" for start, stop in pairs for i in range(columns)]
    try:
        array = latent_array(game, latents) if form is Form.ARRAYS else None
    except ValueError as error:
        raise UsageError(f"--out {options.out} holds latents as one array, and for {run.folder}: {error}") from error
    labels = labels_of(game, latents)
    # Points are drawn over the training points. Images are drawn alone, so their dataset need not be loaded.
    over_real = len(run.info.example_shape) == 1 and form in (Form.PICTURE, Form.ANIMATION)
    return Drawn(
        samples=decode(game, networks, latents),
        latents=array,
        labels=None if labels is None else [run.info.classes[label] for label in labels],
        names=names,
        columns=columns,
        interpolated=options.interpolate,
        real=_real_points(run) if over_real else None,
        characters=run.info.characters,
    )


def _real_points(run: "Run | Exported") -> Any:
    """The points of the training data. An export has them if it was trained on an embedded dataset."""
    from gan_jax.data import load
    from gan_jax.sharing import Exported

    if not isinstance(run, Exported):
        return load(run.settings.dataset, resolution=run.settings.resolution).train.images
    data = None if run.embedded_dataset is None else load(run.embedded_dataset, resolution=1)
    if data is None or data.example_shape != run.info.example_shape:
        raise UsageError(f"{run.folder} is without the real points that a picture shows behind samples: --out OUT.npz")
    return data.train.images


def _latents(
    options: Sample, seeds: list[int] | None, form: Form, run: "Run | Exported", game: "Game"
) -> tuple[Any, list[str], int | None]:
    """The latents to draw or to walk between, a name for each, and the columns of a grid or the steps of a walk."""
    from gan_jax.inference import draw_latents, first_latents, grid_columns, latent_count, picture_count, read_latents

    walks = _WALKS_OF_ANIMATION if form is Form.ANIMATION else _WALKS
    given = None
    if seeds is not None:
        given = first_latents(game, seeds), [f"seed{seed}" for seed in seeds]
    elif options.latents is not None:
        latents = read_latents(options.latents, game, run.info.classes, with_labels=options.class_name is None)
        given = latents, _numbered("latent", latent_count(latents))
    if given is not None:
        latents, names = given
        if options.interpolate and len(names) % 2:
            raise UsageError(f"--interpolate walks between two latents, and then two others; {len(names)} are given")
        return latents, names, walks if options.interpolate else None

    seed = 1 if options.seed is None else options.seed
    points = len(run.info.example_shape) == 1
    count = options.count or (walks**2 if options.interpolate and not points else picture_count(run.info))
    columns = grid_columns(game, count) if options.class_name is None else None
    if options.interpolate:
        columns = max(2, round(count**0.5))
        count = 2 * -(-count // columns)
    elif options.count is None:
        count -= count % (columns or 1)  # A grid of whole rows.
    return draw_latents(game, count, seed), _numbered(f"seed{seed}_", count), columns


def _numbered(stem: str, count: int) -> list[str]:
    width = len(str(count - 1))
    return [f"{stem}{i:0{width}d}" for i in range(count)]
