"""The files that `gan-jax translate` reads and writes."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gan_jax.commands.shared import names_folder
from gan_jax.common.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

T = TypeVar("T")

# Whether the network takes images of this height and width.
Fits = Callable[[int, int], bool]

_STRIDES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


def files_of(source: Path, out: str) -> list[tuple[Path, Path]]:
    """Each image to read, with the file to write its translation to. Raises UsageError for paths that do not fit."""
    return _files_of_folder(source, Path(out)) if source.is_dir() else [_file_of_image(source, out)]


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


def _file_of_image(source: Path, out: str) -> tuple[Path, Path]:
    from gan_jax.reporting import PICTURE_ENDINGS

    if not source.exists():
        raise UsageError(f"{source}: no such file or folder")
    target = Path(out) / f"{source.stem}.png" if names_folder(out) else Path(out)
    if target.suffix.lower() not in PICTURE_ENDINGS:
        raise UsageError(f"{target}: the name of the image to write must end in {', '.join(PICTURE_ENDINGS)}")
    if target.resolve() == source.resolve():
        raise UsageError(f"IN and OUT are the same file, {source}")
    return source, target


def read_size(path: Path) -> tuple[int, int]:
    """(height, width) of the image after EXIF orientation, from its header. Raises UnreadableImage without one."""
    from gan_jax.data.pixels import upright_size

    width, height = _read(path, upright_size)
    return height, width


def read_fitted(path: Path, channels: int, fits: Fits) -> "np.ndarray":
    """The image as uint8 (H, W, channels), at the size nearest to its own that fits. Raises UnreadableImage."""
    import numpy as np
    from PIL import Image

    from gan_jax.data.pixels import plain_array

    pixels = _read(path, lambda image: plain_array(image, channels))
    height, width, _ = pixels.shape
    size = size_near(height, width, fits)
    assert size is not None
    if size == (height, width):
        return pixels
    picture = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
    resized = picture.resize((size[1], size[0]), Image.Resampling.BICUBIC)
    return np.asarray(resized, np.uint8).reshape(*size, channels)


def size_near(height: int, width: int, fits: Fits) -> tuple[int, int] | None:
    """(height, width), both rounded to multiples of the smallest power of two that gives a size which fits.

    None if there is no such size.
    """
    for stride in _STRIDES:
        size = max(stride, round(height / stride) * stride), max(stride, round(width / stride) * stride)
        if fits(*size):
            return size
    return None


def _read(path: Path, read: "Callable[[Image.Image], T]") -> T:
    from PIL import Image, UnidentifiedImageError

    from gan_jax.data.sources.image_files import UnreadableImage

    try:
        with Image.open(path) as image:
            return read(image)
    except Exception as error:  # A decoder can raise anything for a damaged file.
        reason = "not an image" if isinstance(error, UnidentifiedImageError) else str(error) or type(error).__name__
        raise UnreadableImage(str(path), reason) from error
