"""gan-jax translate: translates image files with a trained run."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from tyro.conf import Positional, arg

from gan_jax.commands.shared import check_seed, start_jax
from gan_jax.common.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    from gan_jax.training.run_folder import Run

_STRIDES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

# Whether the network takes images of this height and width.
Fits = Callable[[int, int], bool]


@dataclass(frozen=True)
class Translate:
    """Translates images with the newest checkpoint of a run, each at its own size. Writes PNG files."""

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    """Folder of the run."""

    source: Annotated[Positional[Path], arg(metavar="IN")]
    """An image, or a folder of images."""

    out: Annotated[Positional[Path], arg(metavar="OUT")]
    """The image to write, or a folder, where each translation gets the name of its image."""

    direction: str = "AtoB"
    """AtoB translates images to targets. BtoA translates targets to images, if the run learned both directions."""

    resize: bool = False
    """Resize images that do not fit the network's strides to the nearest size that does. By default they are errors."""

    seed: int = 1
    """Random seed of the noise, if the network has any."""


def translate_command(arguments: list[str]) -> None:
    """Runs `gan-jax translate RUN IN OUT [flags]`."""
    options = tyro.cli(Translate, prog="gan-jax translate", args=arguments)
    check_seed(options.seed)
    console = start_jax()

    from gan_jax.training.run_folder import load_run

    run = load_run(options.run)
    count, step = translate_files(run, options.source, options.out, options.direction, options.resize, options.seed)
    console.print(f"{count} {'image' if count == 1 else 'images'} translated by step {step}: {options.out}")


def translate_files(run: "Run", source: Path, out: Path, direction: str, resize: bool, seed: int) -> tuple[int, int]:
    """Translates the image `source`, or every image below the folder `source`, and writes the translations to `out`.

    An image keeps its size if that fits the network's strides. Otherwise it is resized to the nearest size that does
    with `resize`, and is an error without. Colour images become gray if the run translates gray ones; a gray image is
    an error if the run translates colour ones. All images are read and checked before anything is written.

    Returns the number of images and the step of the checkpoint. Raises UsageError for a run that does not translate in
    this direction and for files that cannot be used, and UserError if a file cannot be written.
    """
    from gan_jax.inference import can_translate, make_translator
    from gan_jax.reporting import save_image
    from gan_jax.training.run_folder import attempt

    game, step, networks = run.restore()
    try:
        translate = make_translator(game, networks, direction, seed)
    except ValueError as error:
        raise UsageError(f"--direction {direction} for {run.folder}: {error}") from error
    image_shape, target_shape = run.info.translation_shapes
    channels = (image_shape if direction == "AtoB" else target_shape)[2]

    @cache
    def fits(height: int, width: int) -> bool:
        return can_translate(game, networks, direction, height, width, channels)

    def read(path: Path) -> "np.ndarray":
        return _fitted(path, _read(path, channels), fits, resize)

    def write(translation: "np.ndarray", path: Path) -> None:
        attempt(path, lambda: save_image(translation, path))

    files = _files(source, out)
    for path, _ in files:
        read(path)
    for path, target in files:
        (translation,) = translate(read(path)[None])
        write(translation, target)
    return len(files), step


def _files(source: Path, out: Path) -> list[tuple[Path, Path]]:
    """Each image to read, with the file to write its translation to."""
    return _files_of_folder(source, out) if source.is_dir() else [_file_of_image(source, out)]


def _files_of_folder(source: Path, out: Path) -> list[tuple[Path, Path]]:
    from gan_jax.data.sources.folder import list_images

    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is not a folder, but {source} is one")
    if out.resolve() == source.resolve():
        raise UsageError(f"IN and OUT are the same folder, {source}: the images would be overwritten")
    names = [file.name for file in list_images(source)]
    targets = [(out / name).with_suffix(".png") for name in names]
    if twice := sorted(str(target) for target, count in Counter(targets).items() if count > 1):
        raise UsageError(f"several images in {source} would be written to {twice[0]}")
    return [(source / name, target) for name, target in zip(names, targets, strict=True)]


def _file_of_image(source: Path, out: Path) -> tuple[Path, Path]:
    if not source.exists():
        raise UsageError(f"{source}: no such file or folder")
    target = out / f"{source.stem}.png" if out.is_dir() else out
    if target.suffix.lower() != ".png":
        raise UsageError(f"{target}: images are written as PNG files, so the name must end in .png")
    if target.resolve() == source.resolve():
        raise UsageError(f"IN and OUT are the same file, {source}")
    return source, target


def _read(path: Path, channels: int) -> "np.ndarray":
    """The image as uint8 (H, W, channels)."""
    from PIL import Image

    from gan_jax.data.pixels import is_gray, plain_array
    from gan_jax.data.sources.image_files import UnreadableImage, refuse

    try:
        with Image.open(path) as image:
            gray = is_gray(image)
            pixels = plain_array(image, channels)
    except Exception as error:  # A decoder can raise anything for a damaged file.
        refuse([UnreadableImage(str(path), str(error))], 1)
        raise
    if gray and channels == 3:
        raise UsageError(f"{path} is gray, of one channel, and the run translates colour images, of three")
    return pixels


def _fitted(path: Path, pixels: "np.ndarray", fits: Fits, resize: bool) -> "np.ndarray":
    """The `pixels` of the image at `path`, resized if they have to be and `resize` allows it."""
    import numpy as np
    from PIL import Image

    height, width, channels = pixels.shape
    if fits(height, width):
        return pixels
    size = _nearest(height, width, fits)
    if size is None:
        raise UsageError(f"{path} is {width}x{height}, and the network translates no size near it")
    if not resize:
        raise UsageError(
            f"{path} is {width}x{height}, which does not fit the network's strides; the nearest size that does is "
            f"{size[1]}x{size[0]}: --resize resizes images to it"
        )
    picture = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
    resized = picture.resize((size[1], size[0]), Image.Resampling.BICUBIC)
    return np.asarray(resized, np.uint8).reshape(*size, channels)


def _nearest(height: int, width: int, fits: Fits) -> tuple[int, int] | None:
    """Both sides rounded to multiples of the smallest power of two that gives a size which fits."""
    for stride in _STRIDES:
        size = max(stride, round(height / stride) * stride), max(stride, round(width / stride) * stride)
        if fits(*size):
            return size
    return None
