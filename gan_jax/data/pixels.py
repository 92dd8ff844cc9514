"""Converts decoded pictures of any mode and size to uint8 images of one size, with Pillow alone."""

from typing import Literal

import numpy as np
from PIL import ExifTags, Image, ImageOps

from gan_jax.data.dataset import Resolution, height_and_width

Half = Literal["left", "right"]

_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N", "I")
_GRAY = ("1", "L", "LA", "La", *_SIXTEEN_BIT)


def is_gray(image: Image.Image) -> bool:
    """Whether the picture is grayscale by its mode and palette. A colour image with only gray pixels is not."""
    if image.mode in ("P", "PA"):
        palette = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
        return bool((palette == palette[:, :1]).all())
    return image.mode in _GRAY


def upright_size(image: Image.Image) -> tuple[int, int]:
    """(width, height) after EXIF orientation is applied."""
    width, height = image.size
    sideways = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
    return (height, width) if sideways else (width, height)


def cut(image: Image.Image, half: Half) -> Image.Image:
    """The left or right half of `image` after EXIF orientation is applied. The width must be even."""
    image = ImageOps.exif_transpose(image)
    width, height = image.size
    return image.crop((0, 0, width // 2, height) if half == "left" else (width // 2, 0, width, height))


def fit(image: Image.Image, resolution: Resolution, channels: int) -> np.ndarray:
    """`image` resized so that it covers the resolution, and cropped about its centre to it.

    It is bicubic, with a wider filter when shrinking, so that nothing aliases. EXIF orientation is applied,
    transparency is laid on white, and 16 bits become 8.

    Args:
      image: an image of any mode except floating point.
      resolution: side of the result in pixels, or its height and width.
      channels: 1 for gray, 3 for RGB.

    Returns:
      uint8 (height, width, channels).

    Raises:
      ValueError: the pixels are floating-point, and their range is unknown.
    """
    image = _plain(ImageOps.exif_transpose(image), "L" if channels == 1 else "RGB")
    width, height = image.size
    high, wide = height_and_width(resolution)
    if (width, height) != (wide, high):
        # The largest box of the result's shape.
        box_width, box_height = min(width, height * wide / high), min(height, width * high / wide)
        left, top = (width - box_width) / 2, (height - box_height) / 2
        box = (left, top, left + box_width, top + box_height)
        image = image.resize((wide, high), Image.Resampling.BICUBIC, box=box)
    return np.asarray(image, np.uint8).reshape(high, wide, channels)


def check_mode(image: Image.Image) -> None:
    """Raises ValueError if the pixels are floating-point, and their range is unknown."""
    if image.mode == "F":
        raise ValueError("floating-point pixels have no known range: save the image with 8 or 16 bits")


def plain_array(image: Image.Image, channels: int) -> np.ndarray:
    """`image` at its own size, uint8 (height, width, channels). Otherwise like `fit`."""
    image = _plain(ImageOps.exif_transpose(image), "L" if channels == 1 else "RGB")
    return np.asarray(image, np.uint8).reshape(image.size[1], image.size[0], channels)


def fit_array(pixels: np.ndarray, resolution: Resolution, channels: int) -> np.ndarray:
    """`fit` for an array, uint8 or uint16, of shape (H, W) or (H, W, C) with C 1, 3 or 4."""
    if pixels.dtype == np.uint16:
        pixels = np.rint(pixels / 257).astype(np.uint8)
    if pixels.ndim == 3 and pixels.shape[-1] == 1:
        pixels = pixels[..., 0]
    return fit(Image.fromarray(pixels), resolution, channels)


def _plain(image: Image.Image, mode: str) -> Image.Image:
    """`image` as 8-bit L or RGB without transparency."""
    check_mode(image)
    if image.mode in _SIXTEEN_BIT:
        values = np.asarray(image).astype(np.float64)
        image = Image.fromarray(np.rint(values / 257).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image).convert("RGB")
    return image if image.mode == mode else image.convert(mode)
