"""Converts decoded pictures of any mode and size to square uint8 images, with Pillow alone."""

from typing import Literal

import numpy as np
from PIL import ExifTags, Image, ImageOps

Half = Literal["left", "right"]

_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N", "I")
_GRAY = ("1", "L", "LA", "La", *_SIXTEEN_BIT)


def is_gray(image: Image.Image) -> bool:
    """Whether the picture is grayscale by its mode and palette. A colour image with only gray pixels is not."""
    if image.mode in ("P", "PA"):
        palette = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
        return bool((palette == palette[:, :1]).all())
    return image.mode in _GRAY


def upright_width(image: Image.Image) -> int:
    """The width after EXIF orientation is applied. It is read from the header without decoding the image."""
    sideways = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
    return image.size[1 if sideways else 0]


def cut(image: Image.Image, half: Half) -> Image.Image:
    """The left or right half of `image` after EXIF orientation is applied. The width must be even."""
    image = ImageOps.exif_transpose(image)
    width, height = image.size
    return image.crop((0, 0, width // 2, height) if half == "left" else (width // 2, 0, width, height))


def fit(image: Image.Image, resolution: int, channels: int) -> np.ndarray:
    """The centre square of `image`, resized.

    The longer side is cropped about its centre, and the square is resized to `resolution` (bicubic, with a wider filter
    when shrinking, so that nothing aliases). EXIF orientation is applied, transparency is laid on white, and 16 bits
    become 8.

    Args:
      image: an image of any mode except floating point.
      resolution: side of the result in pixels.
      channels: 1 for gray, 3 for RGB.

    Returns:
      uint8 (resolution, resolution, channels).

    Raises:
      ValueError: the pixels are floating-point, and their range is unknown.
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
    """`image` at its own size, uint8 (height, width, channels). Otherwise like `fit`."""
    image = _plain(ImageOps.exif_transpose(image), "L" if channels == 1 else "RGB")
    return np.asarray(image, np.uint8).reshape(image.size[1], image.size[0], channels)


def fit_array(pixels: np.ndarray, resolution: int, channels: int) -> np.ndarray:
    """`fit` for an array, uint8 or uint16, of shape (H, W) or (H, W, C) with C 1, 3 or 4."""
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
