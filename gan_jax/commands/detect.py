"""gan-jax detect: scores how unlike the training examples of a run other examples are."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from tyro.conf import Positional, arg

from gan_jax.commands.image_input import read_images
from gan_jax.commands.shared import SEED, Checkpoint, Trust, check_seed, start_jax
from gan_jax.common.errors import UsageError, refused
from gan_jax.common.files import write_text

if TYPE_CHECKING:
    import numpy as np

    from gan_jax.data import Dataset

_COMPARED = 2000  # training examples


@dataclass(frozen=True)
class Detect:
    """Scores examples by how badly a run can make them again: anomalies have high scores.

    The run is a GAN without classes, such as those of experiments/applications/f_anogan.py. OUT.csv gets a line for
    each example: its file or number, its score, and the share of training examples with a lower score. If this share
    is above 0.99, fewer than one in a hundred training examples is as odd."""

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    """Folder of the run."""

    data: Annotated[Positional[Path], arg(metavar="DATA")]
    """What to score: an image, a folder or a .npz file of images, or for a run on nsl_kdd:PATH a file of rows in its
    form. Images of another size are resized and cropped."""

    out: Annotated[Positional[Path], arg(metavar="OUT.csv")]
    """The file to write."""

    seed: int = SEED
    """Random seed of the latents that the search starts from, in a run without an encoder."""

    checkpoint: Checkpoint = None

    trust: Trust = False


def detect_command(arguments: list[str]) -> None:
    """Runs `gan-jax detect RUN DATA OUT.csv [flags]`."""
    options = tyro.cli(Detect, prog="gan-jax detect", args=arguments)
    check_seed(options.seed)
    if options.out.suffix.lower() != ".csv":
        raise UsageError(f"{options.out}: the name of the file to write must end in .csv")
    console = start_jax()

    import numpy as np

    from gan_jax.data import load
    from gan_jax.evaluation.subsets import pick_subset
    from gan_jax.inference import make_scorer
    from gan_jax.training.run_folder import load_run

    run = load_run(options.run, trust=options.trust)
    game, step, networks = run.restore(options.checkpoint)
    with refused(options.run):
        scores = make_scorer(game, networks)
    settings = run.settings
    dataset = load(settings.dataset, resolution=settings.resolution, data_dir=settings.data_dir)
    names, examples = _read(options.data, dataset)
    found = scores(examples, options.seed)
    usual = np.sort(scores(np.asarray(pick_subset(dataset.train.images, _COMPARED)), options.seed))
    shares = np.searchsorted(usual, found) / len(usual)
    write_text(options.out, _table(names, found, shares))
    odd = int(np.count_nonzero(shares > 0.99))
    console.print(
        f"{len(names)} examples scored by step {step}: {options.out}; {odd} are odder than 99% of training examples"
    )


def _read(source: Path, dataset: "Dataset") -> "tuple[Sequence[str], np.ndarray]":
    """A name for each example of a source, and the examples. Raises UsageError if they are not like the dataset's."""
    from gan_jax.data.dataset import Anomalies

    if isinstance(dataset.origin, Anomalies) and dataset.origin.read:
        return dataset.origin.read(source)
    if len(dataset.example_shape) != 3:
        raise UsageError(f"the run has {dataset.info.kind}, and such examples are not read from files")
    return read_images(source, dataset.image_shape)


def _table(names: Sequence[str], scores: "np.ndarray", shares: "np.ndarray") -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("example", "score", "share_of_training_below"))
    for name, score, share in zip(names, scores.tolist(), shares.tolist(), strict=True):
        writer.writerow((name, f"{score:.6g}", f"{share:.4f}"))
    return text.getvalue()
