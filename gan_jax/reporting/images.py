"""Pictures made of images: grids, and files of pictures and animations."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from gan_jax.common.files import write_aside

# Images of fewer pixels in height are enlarged by a whole factor, so that they can be seen.
_TILE = 32

_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}

# The endings of the names that `save_image` takes.
PICTURE_ENDINGS = tuple(_FORMATS)


def grid(images: np.ndarray, columns: int | None = None) -> np.ndarray:
    """A grid of images uint8 (N, H, W, C), row by row, with white lines between them: one image, uint8 (H', W', C).

    Images of less than 32 pixels in height are enlarged by a whole factor. By default the grid is as square as
    possible. The empty end of the last row is white.

    >>> images = np.zeros((6, 40, 40, 3), np.uint8)
    >>> reporting.grid(images, columns=3).shape  # 2 * 40 + 1 high, 3 * 40 + 2 wide
    (81, 122, 3)
    >>> reporting.grid(np.zeros((4, 8, 8, 1), np.uint8)).shape  # each is enlarged to 32x32
    (65, 65, 1)
    """
    count, height, width, channels = images.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    scale = max(1, _TILE // height)
    images = images.repeat(scale, 1).repeat(scale, 2)
    high, wide = height * scale + 1, width * scale + 1
    canvas = np.full((rows * high - 1, columns * wide - 1, channels), 255, np.uint8)
    for i, image in enumerate(images):
        top, left = i // columns * high, i % columns * wide
        canvas[top : top + high - 1, left : left + wide - 1] = image
    return canvas


def column_grid(columns: Sequence[np.ndarray]) -> np.ndarray:
    """A grid whose columns are given, each uint8 (N, H, W, 1 or 3). Row i of the grid has image i of each column.

    It has 3 channels if any column has. Raises ValueError if the columns differ in N, H or W.

    >>> sketches, photographs = np.zeros((3, 32, 32, 1), np.uint8), np.zeros((3, 32, 32, 3), np.uint8)
    >>> reporting.column_grid([sketches, photographs]).shape
    (98, 65, 3)
    """
    channels = max(images.shape[-1] for images in columns)
    same = [np.broadcast_to(images, (*images.shape[:3], channels)) for images in columns]
    return grid(np.stack(same, 1).reshape(-1, *same[0].shape[1:]), len(columns))


def overlay(images: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Lays maps over images as heat: the images in gray, and the more of a warm colour the higher the map is.

    images: uint8 (N, H, W, 1 or 3). maps: uint8 (N, H, W, 1). Returns uint8 (N, H, W, 3).

    >>> gray = np.full((1, 1, 2, 1), 100, np.uint8)
    >>> heat = np.array([0, 255], np.uint8).reshape(1, 1, 2, 1)
    >>> reporting.overlay(gray, heat)[0, 0].tolist()  # unchanged, and nearly white
    [[100, 100, 100], [232, 232, 232]]
    """
    gray = images.mean(-1, keepdims=True)
    heat = maps / 255
    # From black over red and yellow to white.
    colours = 255 * np.clip(3 * heat - np.arange(3), 0, 1)
    strength = np.minimum(2 * heat, 0.85)
    return np.rint((1 - strength) * gray + strength * colours).astype(np.uint8)


def save_image(image: np.ndarray, path: Path | str) -> None:
    """Writes an image uint8 (H, W, 1 or 3) as a PNG or JPEG file, which is never left half-written.

    The name must end in one of PICTURE_ENDINGS, which decides. Raises ValueError for another ending, and OSError if the
    file cannot be written.

    >>> reporting.save_image(reporting.grid(data.load("digits", resolution=8).test.images[:64]), "digits.png")
    >>> Path("digits.png").exists()
    True
    """
    path = Path(path)
    form = _FORMATS.get(path.suffix.lower())
    if form is None:
        raise ValueError(f"the name of a picture must end in {', '.join(PICTURE_ENDINGS)}, and {path} does not")
    best = {"quality": 95, "subsampling": 0} if form == "JPEG" else {}
    write_aside(path, lambda file: _picture(image).save(file, format=form, **best))


def save_animation(frames: Sequence[np.ndarray], path: Path | str, seconds: float) -> None:
    """Writes frames, each uint8 (H, W, 1 or 3), as a GIF file that runs for ever and is never left half-written.

    seconds: how long each frame is shown.

    A GIF has at most 256 colours in a frame. Raises OSError if the file cannot be written.

    >>> frames = [np.full((32, 32, 3), level, np.uint8) for level in (0, 128, 255)]
    >>> reporting.save_animation(frames, "brighter.gif", seconds=0.1)
    >>> Path("brighter.gif").read_bytes()[:6]
    b'GIF89a'
    """
    first, *others = map(_picture, frames)
    write_aside(
        Path(path),
        lambda file: first.save(
            file, format="GIF", save_all=True, append_images=others, duration=round(1000 * seconds), loop=0
        ),
    )


def _picture(image: np.ndarray) -> Image.Image:
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
