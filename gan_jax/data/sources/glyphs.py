"""The letters A to J in the fonts of Matplotlib, slightly warped: a dataset of any size without a download."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gan_jax.common.errors import UsageError
from gan_jax.data.dataset import Dataset, Resolution, Split, height_and_width
from gan_jax.data.sources.centred import centred

LETTERS = "ABCDEFGHIJ"
TRAIN_COUNT, TEST_COUNT = 10_000, 2_000

# The names are fixed, because other fonts of Matplotlib draw symbols, and later versions may add fonts.
FONTS = (
    *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSans-BoldOblique"),
    *("DejaVuSansMono", "DejaVuSansMono-Bold", "DejaVuSansMono-Oblique", "DejaVuSansMono-BoldOblique"),
    *("DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic", "DejaVuSerif-BoldItalic"),
    *("STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "STIXGeneralBolIta"),
    *("cmb10", "cmmi10", "cmr10", "cmss10", "cmti10", "cmtt10"),
)

# What the fonts are by their names, for labels other than the letters.
STYLES = {
    "bold": re.compile("Bol|cmb"),
    "slanted": re.compile("Oblique|Ita|cmmi|cmti"),
    "serif": re.compile("Serif|STIX|cmb|cmmi|cmr|cmti|cmtt"),
}

# As fractions of the image's side.
_CAP_HEIGHT = 0.6
_WEIGHTS = (0.0, 0.008, 0.016)  # extra width of the strokes


def glyphs(resolution: Resolution) -> Dataset:
    """10,000 training and 2,000 test images, white on black, with equally many of every letter.

    In a rectangle the letter stands in the middle, as large as the shorter side allows.
    """
    side = min(height_and_width(resolution))

    def split(first: int, count: int) -> Split:
        labels = np.arange(first, first + count, dtype=np.int32) % len(LETTERS)
        return Split(centred(GlyphImages(first, count, side), resolution), labels)

    return Dataset("glyphs", split(0, TRAIN_COUNT), split(TRAIN_COUNT, TEST_COUNT), tuple(LETTERS))


def styled_glyphs(style: str, resolution: Resolution) -> Dataset:
    """`glyphs` with other labels: whether the font is of a style, which is one of `STYLES`.

    Raises UsageError for another style.
    """
    if style not in STYLES:
        raise UsageError(f"there are no glyphs:{style}: fonts are told apart by {', '.join(STYLES)}")
    dataset = glyphs(resolution)

    def split(split: Split, first: int) -> Split:
        fonts = [_font(_uniform(first + i)) for i in range(len(split))]
        return replace(split, labels=np.array([bool(STYLES[style].search(font)) for font in fonts], np.int32))

    name = f"glyphs:{style}"
    return Dataset(name, split(dataset.train, 0), split(dataset.test, TRAIN_COUNT), (f"not {style}", style))


class GlyphImages:
    """Random access to the images first to first + count - 1 of a fixed, infinite sequence, all of them square."""

    def __init__(self, first: int, count: int, resolution: int):
        self._first = first
        self.shape = (count, resolution, resolution, 1)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int) -> np.ndarray:
        if not 0 <= index < len(self):
            raise IndexError(index)
        return draw(self._first + index, self.shape[1])


def draw(number: int, resolution: int) -> np.ndarray:
    """Image `number` of the sequence, uint8 (resolution, resolution, 1). Its letter is LETTERS[number % 10].

    The font, the weight and the warp depend on `number` alone, and are the same at every resolution.
    """
    uniform = _uniform(number)
    font = _font(uniform)
    weight = _WEIGHTS[int(uniform[1] * len(_WEIGHTS))]
    # Draw it large, warp it, and average it down. Warping alone would alias.
    factor = max(2, -(-64 // resolution))
    letter = _letter(font, LETTERS[number % len(LETTERS)], weight, factor * resolution)
    matrix = _warp(uniform[2:] * 2 - 1, factor * resolution)
    warped = letter.transform(letter.size, Image.Transform.PERSPECTIVE, matrix, Image.Resampling.BILINEAR)
    return np.asarray(warped.reduce(factor))[:, :, None]


def _uniform(number: int) -> np.ndarray:
    """The 10 numbers in [0, 1) that decide what image `number` looks like."""
    # Raw words, because NumPy promises only that their stream never changes.
    return np.random.Philox(np.random.SeedSequence((0, number))).random_raw(10) / 2**64


def _font(uniform: np.ndarray) -> str:
    return FONTS[int(uniform[0] * len(FONTS))]


@cache
def _letter(font: str, letter: str, weight: float, side: int) -> Image.Image:
    """The letter before the warp, centred in a square image of the given side."""
    # Draw it four times as large, because fonts are hinted and placed to whole pixels.
    size = 4 * side
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{font}.ttf"
    layout = ImageFont.Layout.BASIC  # always available; the other one depends on how Pillow was built
    trial = ImageFont.truetype(path, 1000, layout_engine=layout)
    _, top, _, bottom = trial.getbbox("H")
    face = ImageFont.truetype(path, 1000 * _CAP_HEIGHT * size / (bottom - top), layout_engine=layout)
    stroke = weight * size / 2
    image = Image.new("L", (size, size))
    pen = ImageDraw.Draw(image)
    left, top, right, bottom = pen.textbbox((0, 0), letter, face, stroke_width=stroke)
    place = ((size - left - right) / 2, (size - top - bottom) / 2)
    pen.text(place, letter, 255, face, stroke_width=stroke)
    return image.reduce(4)


def _warp(uniform: np.ndarray, size: int) -> tuple[float, ...]:
    """The 8 coefficients of a random perspective transform, from pixels of the warped image to pixels of the letter.

    uniform: (8,), in [-1, 1].
    """
    angle, shear, width, height, right, down, tilt_x, tilt_y = uniform
    angle = np.deg2rad(8) * angle
    shape = np.array([[1 + 0.1 * width, 0.1 * shear], [0, 1 + 0.1 * height]])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    forward = np.eye(3)
    forward[:2, :2] = turn @ shape
    forward[:2, 2] = 0.04 * right, 0.04 * down
    forward[2, :2] = 0.1 * tilt_x, 0.1 * tilt_y  # a slight perspective
    # The coordinates above have their origin at the centre and the image's side as the unit.
    to_pixels = np.array([[size, 0, size / 2], [0, size, size / 2], [0, 0, 1]])
    matrix = to_pixels @ np.linalg.inv(forward) @ np.linalg.inv(to_pixels)
    return tuple((matrix / matrix[2, 2]).ravel()[:8])
