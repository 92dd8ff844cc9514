"""gan-jax evaluate: evaluates a trained run on held-out data, or a set of images against real ones."""

import json
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro
from tyro.conf import Positional, arg

from gan_jax.commands.shared import SEED, Checkpoint, Trust, check_seed, standing, start_jax
from gan_jax.common.errors import UsageError
from gan_jax.common.files import attempt, write_text

if TYPE_CHECKING:
    from rich.console import Console

    from gan_jax.evaluation import Evaluation, Options

FeatureName = Literal["classifier", "efficientnet", "inception", "pixels"]


@dataclass(frozen=True)
class Evaluate:
    """Evaluates a checkpoint of a run and writes the figures to RUN/evaluation.json. Or compares images with real ones:
    gan-jax evaluate --real SOURCE --fake SOURCE.

    Samples are compared with held-out data, and so are real training data for reference. If the run is conditional, a
    classifier says which samples look like their class. If the run translates images, translations of held-out images
    are compared with their targets. RUN/closest.png shows the samples that are closest to training images, above
    these."""

    run: Annotated[Positional[Path | None], arg(metavar="[RUN]")] = None
    """Folder of the run."""

    real: str | None = None
    """Real images, without a run: a folder, an npz file, or the training images of a dataset such as tfds:cifar10."""

    fake: str | None = None
    """The images that are compared with those of --real: a folder, an npz file, or a dataset."""

    resolution: int | tuple[int, int] | None = None
    """Size to which the images of --real and --fake are resized and cropped. By default they have their own, which must
    be the same for all."""

    out: Path | None = None
    """Folder for evaluation.json and closest.png, with --real and --fake. A run has them in its own."""

    features: FeatureName | None = None
    """What images are compared in. classifier: a classifier that is trained on the dataset, the default where all
    images have labels. efficientnet: EfficientNet-lite0, the default elsewhere. inception: the Inception-v3 of
    published figures (FID). pixels: the pixels."""

    samples: int | None = None
    """Number of samples: by default as many as there are training images, up to 10,000. Other data have numbers of
    their own. With --real and --fake, at most so many images of each are used."""

    against: Literal["held-out", "training"] = "held-out"
    """The real images that samples are compared with. Published figures are often against the training images."""

    path_length: bool = False
    """Measure the perceptual path length too: how smoothly images follow their latents."""

    accuracy_score: bool = False
    """Train a classifier on samples of a conditional run, and test it on held-out images."""

    standing_statistics: Annotated[int | None, arg(metavar="N")] = None
    """Measure the means and variances of the generator's batch normalization anew, over this many batches of 256
    samples. By default they are the running averages of training."""

    seed: int = SEED
    """Random seed of the latents, or of the noise in translations."""

    data_dir: Path | None = None
    """Folder of prepared TFDS datasets: $TFDS_DATA_DIR or ~/tensorflow_datasets by default."""

    checkpoint: Checkpoint = None

    trust: Trust = False


def evaluate_command(arguments: list[str]) -> None:
    """Runs `gan-jax evaluate RUN [flags]` or `gan-jax evaluate --real SOURCE --fake SOURCE [flags]`."""
    options = tyro.cli(Evaluate, prog="gan-jax evaluate", args=arguments)
    check_seed(options.seed)
    if options.samples is not None and options.samples < 1:
        raise UsageError(f"--samples must be at least 1, not {options.samples}")
    if options.run is None:
        _compare(options)
    else:
        _evaluate(options, options.run)


def _evaluate(options: Evaluate, folder: Path) -> None:
    for name in ("real", "fake", "resolution", "out"):
        if getattr(options, name) is not None:
            raise UsageError(f"--{name} goes without a run: give either {folder}, or --real and --fake")
    console = start_jax()

    from gan_jax.data import load
    from gan_jax.evaluation import evaluate_game
    from gan_jax.training.run_folder import load_run, write_evaluation

    run = load_run(folder, trust=options.trust)
    game, step, networks = run.restore(options.checkpoint)
    data = load(run.settings.dataset, resolution=run.settings.resolution, data_dir=options.data_dir)
    if changes := run.data_changes(data):
        console.print(f"warning: the data are not those that the run was trained on: {'; '.join(changes)}")
    if options.standing_statistics is not None:
        networks = standing(game, networks, options.standing_statistics, run.folder)
    evaluation = evaluate_game(data, game, networks, options.seed, _options(options, console))
    if options.standing_statistics is not None:
        kept = {**evaluation.settings, "standing_statistics": options.standing_statistics}
        evaluation = replace(evaluation, settings=kept)
    evaluation.report(console)
    path = write_evaluation(run.folder, step, options.seed, evaluation.to_json())
    _finish(evaluation, run.folder, [path], console)


def _compare(options: Evaluate) -> None:
    if options.real is None or options.fake is None:
        raise UsageError("give the folder of a run, or images by --real SOURCE and --fake SOURCE")
    sources = {"real": options.real, "fake": options.fake}
    for name in ("path_length", "accuracy_score", "standing_statistics", "checkpoint"):
        if getattr(options, name) not in (None, False):
            raise UsageError(f"--{name.replace('_', '-')} needs a run, and --real and --fake are images")
    if options.against != "held-out":
        raise UsageError("--against needs a run: --real says what images are compared with")
    console = start_jax()

    from gan_jax.data import check_same_size, is_path, read_image_set
    from gan_jax.evaluation.features import usual_features
    from gan_jax.evaluation.image_sets import compare_images

    resolution = options.resolution
    # Datasets are read at the size of the images in a folder or archive.
    sets = {}
    for name in sorted(("real", "fake"), key=lambda name: not is_path(sources[name])):
        own = is_path(sources[name])
        sets[name] = read_image_set(sources[name], options.resolution if own else resolution, options.data_dir)
        resolution = resolution or sets[name].image_shape[:2]
    real, fake = sets["real"], sets["fake"]
    check_same_size(real, fake)
    chosen = _options(options, console)
    evaluation = compare_images(
        real.train.images,
        fake.train.images,
        (chosen.features or usual_features)(real),
        held_out=real.test.images if len(real.test) else None,
        count=options.samples,
        watch=chosen.watch,
    )
    evaluation.report(console)
    if options.out is not None:
        written = [options.out / "evaluation.json"]
        write_text(written[0], json.dumps({**sources, **evaluation.to_json()}, indent=2) + "\n")
        _finish(evaluation, options.out, written, console)


def _finish(evaluation: "Evaluation", folder: Path, written: list[Path], console: "Console") -> None:
    """Writes the pictures of an evaluation into a folder. Says what was written in addition to `written`."""
    from gan_jax.reporting import save_image

    for name, picture in evaluation.pictures.items():
        path = folder / f"{name}.png"
        attempt(path, partial(save_image, picture, path))
        written.append(path)
    console.print(f"written to {', '.join(map(str, written))}")


def _options(options: Evaluate, console: "Console") -> "Options":
    from gan_jax.evaluation import Options
    from gan_jax.evaluation.features import CHOICES
    from gan_jax.reporting import progress_bars

    return Options(
        count=options.samples,
        features=CHOICES[options.features] if options.features else None,
        against=options.against,
        path_length=options.path_length,
        accuracy_score=options.accuracy_score,
        watch=progress_bars(console),
    )
