"""Pictures made of images: grids, and PNG files."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from gan_jax.common.files import write_aside

# Images of fewer pixels in height are enlarged by a whole factor, so that they can be seen.
_TILE = 32


def grid(images: np.ndarray, columns: int | None = None) -> np.ndarray:
    """A grid of images uint8 (N, H, W, C), row by row, with white lines between them: one image, uint8 (H', W', C).

    Images of less than 32 pixels in height are enlarged by a whole factor. By default the grid is as square as
    possible. The empty end of the last row is white.
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
    """
    channels = max(images.shape[-1] for images in columns)
    same = [np.broadcast_to(images, (*images.shape[:3], channels)) for images in columns]
    return grid(np.stack(same, 1).reshape(-1, *same[0].shape[1:]), len(columns))


def save_image(image: np.ndarray, path: Path | str) -> None:
    """Writes an image uint8 (H, W, 1 or 3) as a PNG file, which is never left half-written.

    Raises OSError if the file cannot be written.
    """
    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    write_aside(Path(path), lambda file: picture.save(file, format="PNG"))
