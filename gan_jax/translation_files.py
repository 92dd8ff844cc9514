"""Image files to image files, by a trained run that translates."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from gan_jax.data.files import UnreadableImage, refuse
from gan_jax.data.folder import list_images
from gan_jax.data.pixels import is_gray, plain_array
from gan_jax.errors import UsageError
from gan_jax.figures import save_image
from gan_jax.runs import Run, attempt
from gan_jax.translating import can_translate, make_translator

_STRIDES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

Fits = Callable[[int, int], bool]


def translate_files(run: Run, source: Path, out: Path, direction: str, resize: bool, seed: int) -> tuple[int, int]:
    """Translates the image `source`, or every image below it; returns how many, and the step of the checkpoint.

    An image keeps its size if that fits the network's strides. One that does not is resized to the nearest size that
    does with `resize`, and refused otherwise, as is a gray image where the run translates colour. Colour images become
    gray where the run translates gray ones. All is read and checked before anything is written.

    Raises UsageError for a run that does not translate, or not in this direction, and for files that cannot be used;
    UserError where nothing can be written.
    """
    game, step, networks = run.restore()
    try:
        translate = make_translator(game, networks, direction, seed)
    except ValueError as error:
        raise UsageError(f"--direction {direction} for {run.folder}: {error}") from error
    image_shape, target_shape = run.info.translation_shapes
    channels = (image_shape if direction == "AtoB" else target_shape)[2]

    sizes: dict[tuple[int, int], bool] = {}

    def fits(height: int, width: int) -> bool:
        if (height, width) not in sizes:
            sizes[height, width] = can_translate(game, networks, direction, height, width, channels)
        return sizes[height, width]

    files = _files(source, out)
    for path, _ in files:
        _read(path, channels, fits, resize)
    for path, to in files:
        (made,) = translate(_read(path, channels, fits, resize)[None])
        _write(made, to)
    return len(files), step


def _write(image: np.ndarray, path: Path) -> None:
    attempt(path, lambda: save_image(image, path))


def _files(source: Path, out: Path) -> list[tuple[Path, Path]]:
    """What to read, and where to write."""
    if source.is_dir():
        if out.exists() and not out.is_dir():
            raise UsageError(f"{out} is not a folder, and {source} is one")
        if out.resolve() == source.resolve():
            raise UsageError(f"IN and OUT are the same folder, {source}: the images would be overwritten")
        names = [file.name for file in list_images(source)]
        files = [(source / name, out / f"{os.path.splitext(name)[0]}.png") for name in names]
        twice = sorted({str(to) for _, to in files if sum(to == other for _, other in files) > 1})
        if twice:
            raise UsageError(f"several images in {source} would be written to {twice[0]}")
        return files
    if not source.exists():
        raise UsageError(f"{source}: no such file or folder")
    to = out / f"{source.stem}.png" if out.is_dir() else out
    if to.suffix.lower() != ".png":
        raise UsageError(f"{to}: images are written as PNG files, so its name must end in .png")
    if to.resolve() == source.resolve():
        raise UsageError(f"IN and OUT are the same file, {source}")
    return [(source, to)]


def _read(path: Path, channels: int, fits: Fits, resize: bool) -> np.ndarray:
    try:
        with Image.open(path) as image:
            gray = is_gray(image)
            pixels = plain_array(image, channels)
    except Exception as error:  # a damaged file can raise anything from inside a decoder
        refuse([UnreadableImage(str(path), str(error))], 1)
        raise
    if gray and channels == 3:
        raise UsageError(f"{path} is gray, of one channel, and the run translates colour images, of three")
    height, width = pixels.shape[:2]
    if fits(height, width):
        return pixels
    size = _nearest(height, width, fits)
    if size is None:
        raise UsageError(f"{path} is {width}x{height}, and the network translates no size near it")
    if not resize:
        raise UsageError(
            f"{path} is {width}x{height}, which does not fit the network's strides; the nearest size that does is "
            f"{size[1]}x{size[0]}: --resize brings images to it"
        )
    picture = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
    resized = picture.resize((size[1], size[0]), Image.Resampling.BICUBIC)
    return np.asarray(resized, np.uint8).reshape(*size, channels)


def _nearest(height: int, width: int, fits: Fits) -> tuple[int, int] | None:
    """Both sides rounded to multiples of the smallest power of two of which that will do."""
    for stride in _STRIDES:
        size = max(stride, round(height / stride) * stride), max(stride, round(width / stride) * stride)
        if fits(*size):
            return size
    return None
