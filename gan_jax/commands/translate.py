"""gan-jax translate: translates image files with a trained run."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import tyro
from tyro.conf import Positional, arg

from gan_jax.commands.shared import Checkpoint, Trust, check_seed, load_run_or_export, start_jax
from gan_jax.commands.translate_files import Fits, files_of, read_fitted, read_size, size_near
from gan_jax.common.errors import UsageError, UserError, refused

if TYPE_CHECKING:
    from gan_jax.data.sources.image_files import UnreadableImage
    from gan_jax.sharing import Exported
    from gan_jax.training.run_folder import Run


@dataclass(frozen=True)
class Translate:
    """Translates images with a checkpoint of a run, each at its own size.

    Images of any number of channels and bits are converted to what the run translates. In a folder, files that cannot
    be read are named at the end, and the others are translated."""

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    """Folder of the run, or one that gan-jax export or gan-jax import wrote."""

    source: Annotated[Positional[Path], arg(metavar="IN")]
    """An image, or a folder of images."""

    out: Annotated[Positional[str], arg(metavar="OUT")]
    """The image to write, whose name ends in .png, .jpg or .jpeg; or a folder, where each translation is a PNG file
    with the name of its image."""

    direction: str = "AtoB"
    """AtoB translates images to targets. BtoA translates targets to images, if the run learned both directions."""

    resize: bool = False
    """Resize images that do not fit the network's strides to the nearest size that does. By default they are errors."""

    seed: int = 1
    """Random seed of the noise, if the network has any."""

    checkpoint: Checkpoint = None

    trust: Trust = False


class Translated(NamedTuple):
    """What `translate_files` did: the number of images written, the step of the checkpoint, and the files left out."""

    count: int
    step: int
    unreadable: Sequence["UnreadableImage"]


def translate_command(arguments: list[str]) -> None:
    """Runs `gan-jax translate RUN IN OUT [flags]`."""
    options = tyro.cli(Translate, prog="gan-jax translate", args=arguments)
    check_seed(options.seed)
    console = start_jax()

    run = load_run_or_export(options.run, options.trust)
    done = translate_files(run, options)
    images = "image" if done.count == 1 else "images"
    console.print(f"{done.count} {images} translated by step {done.step}: {options.out}")
    for error in done.unreadable:
        console.print(f"left out: {error}")
    if done.unreadable:
        raise UserError(f"{len(done.unreadable)} of {done.count + len(done.unreadable)} images were not translated")


def translate_files(run: "Run | Exported", options: Translate) -> Translated:
    """Translates the image `options.source`, or every image below this folder, and writes the translations.

    An image keeps its size if that fits the network's strides. Otherwise it is resized to the nearest size that does
    with `options.resize`, and is an error without. All sizes are checked before anything is written. In a folder,
    images that cannot be read are left out.

    Raises UsageError for a run that does not translate in this direction and for arguments and files that cannot be
    used, and UserError if a file cannot be written.
    """
    from gan_jax.common.files import attempt
    from gan_jax.data.sources.image_files import UnreadableImage
    from gan_jax.inference import can_translate, make_translator
    from gan_jax.reporting import save_image

    files = files_of(options.source, options.out)
    game, step, networks = run.restore(options.checkpoint)
    with refused(f"--direction {options.direction} for {run.folder}"):
        translate = make_translator(game, networks, options.direction, options.seed)
    image_shape, target_shape = run.info.translation_shapes
    channels = (image_shape if options.direction == "AtoB" else target_shape)[2]

    @cache
    def fits(height: int, width: int) -> bool:
        return can_translate(game, networks, options.direction, height, width, channels)

    unreadable: dict[Path, UnreadableImage] = {}
    for path, _ in files:
        try:
            _check_size(path, *read_size(path), fits, options.resize)
        except UnreadableImage as error:
            unreadable[path] = error
    for path, target in files:
        if path in unreadable:
            continue
        try:
            pixels = read_fitted(path, channels, fits)
        except UnreadableImage as error:  # the header alone was right
            unreadable[path] = error
            continue
        (translation,) = translate(pixels[None])
        attempt(target, lambda target=target, translation=translation: save_image(translation, target))
    if unreadable and not options.source.is_dir():
        raise UsageError(str(unreadable[options.source]))
    return Translated(len(files) - len(unreadable), step, list(unreadable.values()))


def _check_size(path: Path, height: int, width: int, fits: Fits, resize: bool) -> None:
    """Raises UsageError if the image at `path`, of this size, cannot be translated."""
    size = size_near(height, width, fits)
    if size is None:
        raise UsageError(f"{path} is {width}x{height}, and the network translates no size near it")
    if size != (height, width) and not resize:
        raise UsageError(
            f"{path} is {width}x{height}, which does not fit the network's strides; the nearest size that does is "
            f"{size[1]}x{size[0]}: --resize resizes images to it"
        )
