"""Pictures of texts."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_HEIGHT, _SIZE = 32, 20  # pixels, of a line and of its letters
_MARGIN = 8


def write_lines(texts: Sequence[str], length: int) -> np.ndarray:
    """A picture of each text in one line of a monospaced font, black on white: uint8 (N, 32, W, 1).

    length: the number of characters that there is room for. A character that the font lacks is drawn as a box.
    """
    font = _font()
    width = round(length * font.getlength("0")) + 2 * _MARGIN
    pictures = np.empty((len(texts), _HEIGHT, width, 1), np.uint8)
    for picture, text in zip(pictures, texts, strict=True):
        canvas = Image.new("L", (width, _HEIGHT), 255)
        ImageDraw.Draw(canvas).text((_MARGIN, _HEIGHT // 2), text, fill=0, font=font, anchor="lm")
        picture[..., 0] = np.asarray(canvas)
    return pictures


@cache
def _font() -> ImageFont.FreeTypeFont:
    import matplotlib

    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSansMono.ttf", _SIZE)
