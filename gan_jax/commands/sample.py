"""gan-jax sample: draws samples from a trained run."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from tyro.conf import Positional, arg

from gan_jax.commands.sample_latents import checked_seeds, choose, mixed, walked
from gan_jax.commands.sample_output import Drawn, Form, form_of, write_samples
from gan_jax.commands.shared import Checkpoint, Trust, load_run_or_export, standing, start_jax
from gan_jax.common.errors import UsageError, refused

if TYPE_CHECKING:
    from gan_jax.data import DataInfo
    from gan_jax.game import Game
    from gan_jax.sharing import Exported
    from gan_jax.training.run_folder import Run


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
    `labels`. The .npz files that this command writes give the same samples again, unless they hold styles."""

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

    interpolate_styles: bool = False
    """Interpolate likewise, but on straight lines between the styles of latents. The run must have styles."""

    mix_styles: Annotated[int | None, arg(metavar="LAYERS")] = None
    """Mix the styles of two samples, in a table. The first row and the first column show the samples themselves. In
    each other place, this many of the first layers have the styles of the sample on the left, and the other layers
    those of the sample on top. --count is the number of mixtures. The run must have styles."""

    checkpoint: Checkpoint = None

    trust: Trust = False

    @property
    def walks(self) -> bool:
        """Whether the samples are interpolations."""
        return self.interpolate or self.interpolate_styles

    @property
    def by_styles(self) -> str | None:
        """The flag that needs styles, if it is given."""
        if self.mix_styles is not None:
            return "--mix-styles"
        return "--interpolate-styles" if self.interpolate_styles else None


def sample_command(arguments: list[str]) -> None:
    """Runs `gan-jax sample RUN [flags]`."""
    options = tyro.cli(Sample, prog="gan-jax sample", args=arguments)
    form = form_of(options.out)
    seeds = checked_seeds(options)
    _check_one_picture(options)
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


def _check_one_picture(options: Sample) -> None:
    ways = {
        "--interpolate": options.interpolate,
        "--interpolate-styles": options.interpolate_styles,
        "--mix-styles": options.mix_styles is not None,
    }
    given = [flag for flag, value in ways.items() if value]
    if len(given) > 1:
        raise UsageError(f"{given[0]} and {given[1]} are different pictures: give one of them")


def _only_class(game: "Game", name: str, run: "Run | Exported") -> "Game":
    """`game` with all its samples of the class `name`; UsageError where that cannot be."""
    from gan_jax.inference import class_number, of_class

    # Python may have read the arguments as ASCII, but names of classes are UTF-8.
    name = os.fsencode(name).decode(errors="surrogateescape")
    with refused(f"--class {name} for {run.folder}"):
        return of_class(game, class_number(name, run.info.classes))


def _truncated(game: "Game", psi: float, run: "Run | Exported", given: Path | None) -> "Game":
    """`game` with truncated samples; UsageError where that cannot be, as for latents that are given."""
    from gan_jax.inference import truncated

    with refused(f"--truncation {psi:g} for {run.folder}"):
        found = truncated(game, psi)
    if given is not None and found.sample is game.sample:  # only other latents would be drawn
        raise UsageError(f"--truncation {psi:g} says which latents to draw, and --latents {given} gives them")
    return found


def _draw(
    options: Sample, seeds: list[int] | None, form: Form, run: "Run | Exported", game: "Game", networks: dict[str, Any]
) -> Drawn:
    from gan_jax.inference import decode, labels_of, latent_array, lerp, slerp, styled, styles_of

    chosen = choose(options, seeds, form, run, game)
    if options.by_styles:
        with refused(f"{options.by_styles} for {run.folder}"):
            chosen, game = replace(chosen, latents=styles_of(game, networks, chosen.latents)), styled(game)
    if options.walks:
        chosen = walked(chosen, lerp if options.interpolate_styles else slerp)
    if options.mix_styles is not None:
        chosen = mixed(chosen, options.mix_styles)
    with refused(f"--out {options.out} holds latents as one array, and for {run.folder}"):
        array = latent_array(game, chosen.latents) if form is Form.ARRAYS else None
    labels = labels_of(game, chosen.latents)
    # Points are drawn over the training points. Images are drawn alone, so their dataset need not be loaded.
    over_real = len(run.info.example_shape) == 1 and form in (Form.PICTURE, Form.ANIMATION)
    return Drawn(
        samples=decode(game, networks, chosen.latents),
        latents=array,
        of_styles=options.by_styles is not None,
        labels=None if labels is None else [run.info.classes[label] for label in labels],
        names=chosen.names,
        columns=chosen.columns,
        interpolated=options.walks,
        mixed=options.mix_styles is not None,
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
