"""gan-jax invert: finds the latents of images."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from tyro.conf import Positional, arg

from gan_jax.commands.image_input import read_images
from gan_jax.commands.sample_output import Drawn, Form, write_samples
from gan_jax.commands.shared import SEED, Checkpoint, Trust, check_seed, start_jax
from gan_jax.common.errors import UsageError, refused
from gan_jax.common.files import attempt

if TYPE_CHECKING:
    import numpy as np

_SHOWN = 64  # rows of a picture


@dataclass(frozen=True)
class Invert:
    """Finds the latents from which a run makes given images, by its encoder and by gradient descent.

    OUT.png shows the images beside what the run makes of the latents. OUT.npz holds the latents, which
    gan-jax edit and gan-jax sample take by --latents. With a mask, the parts that are not known are filled in."""

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    """Folder of the run."""

    source: Annotated[Positional[Path], arg(metavar="IN")]
    """An image, a folder of images or a .npz file. Images of another size are resized and cropped."""

    out: Annotated[Positional[Path], arg(metavar="OUT")]
    """The file to write: a picture (.png, .jpg or .jpeg) or arrays (.npz)."""

    mask: Path | None = None
    """Image whose dark parts are unknown in all images. They are left out of the search."""

    steps: int = 300
    """Steps of gradient descent. With 0, the latents are the encoder's, or the best of a few random ones."""

    seed: int = SEED
    """Random seed of the latents that the search begins at, in a run without an encoder or with a mask."""

    checkpoint: Checkpoint = None

    trust: Trust = False


def invert_command(arguments: list[str]) -> None:
    """Runs `gan-jax invert RUN IN OUT [flags]`."""
    options = tyro.cli(Invert, prog="gan-jax invert", args=arguments)
    check_seed(options.seed)
    if options.steps < 0:
        raise UsageError(f"--steps must be at least 0, not {options.steps}")

    from gan_jax.reporting import PICTURE_ENDINGS

    ending = options.out.suffix.lower()
    if ending not in (*PICTURE_ENDINGS, ".npz"):
        raise UsageError(
            f"{options.out}: the name must end in {', '.join(PICTURE_ENDINGS)} for a picture, or .npz for arrays"
        )
    console = start_jax()

    from gan_jax.inference import labels_of, latent_array, make_inverter
    from gan_jax.reporting import column_grid, save_image
    from gan_jax.training.run_folder import load_run

    run = load_run(options.run, trust=options.trust)
    game, step, networks = run.restore(options.checkpoint)
    with refused(options.run):
        shape = run.info.image_shape
        invert = make_inverter(game, networks, options.steps)
    names, images = read_images(options.source, shape)
    mask = None if options.mask is None else _read_mask(options.mask, shape)
    found = invert(images, mask, options.seed)
    if ending == ".npz":
        labels = labels_of(game, found.latents)
        drawn = Drawn(
            samples=found.images,
            latents=latent_array(game, found.latents),
            labels=None if labels is None else [run.info.classes[label] for label in labels],
            names=names,
            columns=None,
            interpolated=False,
            real=None,
        )
        write_samples(drawn, options.out, Form.ARRAYS)
    else:
        seen = [] if mask is None else [images * mask[:, :, None]]
        columns = [each[:_SHOWN] for each in (images, *seen, found.images)]
        attempt(options.out, partial(save_image, column_grid(columns), options.out))
    errors = 100 * found.errors
    if len(names) > 1:
        spread = f"{errors.mean():.1f}% on average, from {errors.min():.1f}% to {errors.max():.1f}%"
    else:
        spread = f"{errors[0]:.1f}%"
    count = f"{len(names)} images" if len(names) > 1 else "1 image"
    console.print(f"{count} inverted by step {step}: {options.out}; the error of pixels is {spread}")


def _read_mask(path: Path, shape: tuple[int, int, int]) -> "np.ndarray":
    """bool (H, W): where the image at `path` is bright. Raises UsageError if that is nowhere or everywhere."""
    if path.suffix == ".npz" or path.is_dir():
        raise UsageError(f"--mask {path}: a mask is one image")
    _, (mask,) = read_images(path, (*shape[:2], 1))
    known = mask[:, :, 0] >= 128
    if known.all() or not known.any():
        raise UsageError(f"--mask {path}: it has no {'dark' if known.all() else 'bright'} parts")
    return known
