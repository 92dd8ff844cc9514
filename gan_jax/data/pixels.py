"""From a decoded picture of any mode and size to uint8 at one square resolution, by Pillow alone."""

from typing import Literal

import numpy as np
from PIL import ExifTags, Image, ImageOps

Half = Literal["left", "right"]

_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N", "I")
_GRAY = ("1", "L", "LA", "La", *_SIXTEEN_BIT)


def is_gray(image: Image.Image) -> bool:
    """Whether the picture is grayscale, from its mode and palette alone: a colour image of gray pixels is not."""
    if image.mode in ("P", "PA"):
        palette = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
        return bool((palette == palette[:, :1]).all())
    return image.mode in _GRAY


def upright_width(image: Image.Image) -> int:
    """The width as it is seen, with EXIF orientation applied; from the header alone."""
    sideways = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
    return image.size[1 if sideways else 0]


def cut(image: Image.Image, half: Half) -> Image.Image:
    """The left or right half of `image`, whose width is even, with EXIF orientation applied."""
    image = ImageOps.exif_transpose(image)
    width, height = image.size
    return image.crop((0, 0, width // 2, height) if half == "left" else (width // 2, 0, width, height))


def fit(image: Image.Image, resolution: int, channels: int) -> np.ndarray:
    """The centre square of `image`, resized.

    The shorter side becomes `resolution` (bicubic, with the filter widened when shrinking, so that nothing aliases)
    and the longer one is cropped about its centre. EXIF orientation is applied, transparency is laid on white,
    16 bits become 8.

    Args:
      image: any mode but floating point.
      resolution: side of the result.
      channels: 1 for gray, 3 for RGB.

    Returns:
      uint8 (resolution, resolution, channels).

    Raises:
      ValueError: floating-point pixels, which have no known range.
    """
    image = _plain(ImageOps.exif_transpose(image), "L" if channels == 1 else "RGB")
    width, height = image.size
    side = min(width, height)
    if (width, height) != (resolution, resolution):
        left, top = (width - side) / 2, (height - side) / 2
        box = (left, top, left + side, top + side)
        image = image.resize((resolution, resolution), Image.Resampling.BICUBIC, box=box)
    return np.asarray(image, np.uint8).reshape(resolution, resolution, channels)


def plain_array(image: Image.Image, channels: int) -> np.ndarray:
    """`image` at its own size, uint8 (height, width, channels). For the rest as `fit`."""
    image = _plain(ImageOps.exif_transpose(image), "L" if channels == 1 else "RGB")
    return np.asarray(image, np.uint8).reshape(image.size[1], image.size[0], channels)


def fit_array(pixels: np.ndarray, resolution: int, channels: int) -> np.ndarray:
    """`fit` for an array (H, W) or (H, W, 1, 3 or 4), uint8 or uint16."""
    if pixels.dtype == np.uint16:
        pixels = np.rint(pixels / 257).astype(np.uint8)
    if pixels.ndim == 3 and pixels.shape[-1] == 1:
        pixels = pixels[..., 0]
    return fit(Image.fromarray(pixels), resolution, channels)


def _plain(image: Image.Image, mode: str) -> Image.Image:
    """`image` as 8-bit L or RGB without transparency."""
    if image.mode == "F":
        raise ValueError("floating-point pixels have no known range: save the image with 8 or 16 bits")
    if image.mode in _SIXTEEN_BIT:
        values = np.asarray(image).astype(np.float64)
        image = Image.fromarray(np.rint(values / 257).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image).convert("RGB")
    return image if image.mode == mode else image.convert(mode)
