"""The page on which an image is dropped or drawn, and translated at once."""

import base64
import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from bokeh.document import Document
from bokeh.events import Event, Pan, PanEnd, PanStart, Tap
from bokeh.layouts import column, row
from bokeh.models import Button, Div, FileInput, Select, Slider
from PIL import Image, ImageDraw

from gan_jax.data.pixels import fit
from gan_jax.inference import Translator
from gan_jax.viewing.pictures import Screen, headed, place_of

_SIDE, _WIDTH = 420, 300

# How many colours the brush has, and how fine they are told apart.
_COLOURS, _LEVEL = 10, 32

_HELP = (
    "Draw on the left picture, or choose a file, or drop one on the button. What is drawn is translated when the "
    "pointer is lifted."
)


class TranslationPage:
    """A page of translations: `add_to(document)` puts its pictures and its brush into a document of Bokeh.

    translators: what translates, by its direction: uint8 (N, H, W, C) to uint8 (N, H, W, D).
    examples: images of the source of each direction, uint8 (N, H, W, C), to begin with and to draw on.
    """

    def __init__(self, title: str, translators: Mapping[str, Translator], examples: Mapping[str, np.ndarray]):
        self._title, self._translators, self._examples = title, translators, examples

    def add_to(self, document: Document) -> None:
        """Called once for each tab that opens the page. Each has a drawing of its own."""
        panels = {name: _Panel(translate, self._examples[name]) for name, translate in self._translators.items()}
        first, *others = panels
        body = column(panels[first].layout)
        choice = Select(title="direction", value=first, options=list(panels), width=_WIDTH)
        choice.on_change("value", lambda _, __, new: setattr(body, "children", [panels[new].layout]))
        heading = headed(document, self._title)
        document.add_root(column(heading, *([choice] if others else []), body, Div(text=_HELP)))


class _Panel:
    """The source and its translation in one direction. layout: what shows both."""

    def __init__(self, translate: Translator, examples: np.ndarray):
        self._translate, self._examples = translate, examples
        self._number, self._from = 0, (0.0, 0.0)
        self._image: np.ndarray = examples[0].copy()
        self._size, self._channels = examples.shape[1:3], examples.shape[3]
        self._source = Screen(self._image, _SIDE, "source")
        self._made = Screen(translate(self._image[None])[0], _SIDE, "translation")
        colours = _colours(examples)
        self._colour = Select(title="colour of the brush", value=colours[0][0], options=colours, width=_WIDTH)
        self._width = Slider(title="width of the brush, in pixels", start=1, end=16, value=4, step=1, width=_WIDTH)
        self._said = Div(width=_WIDTH)
        file = FileInput(accept=".png,.jpg,.jpeg,.webp,.bmp", title="an image of your own", width=_WIDTH)
        file.on_change("value", lambda _, __, new: self._take(new))
        another, clear = Button(label="Another example", width=_WIDTH), Button(label="Clear", width=_WIDTH)
        another.on_click(self._next)
        clear.on_click(lambda: self._put(np.full_like(self._image, _rgb(self._colour.value)[: self._channels])))
        board = self._source.figure
        board.on_event(PanStart, self._begin)
        board.on_event(Pan, self._draw)
        board.on_event(PanEnd, lambda _: self._translated())
        board.on_event(Tap, self._dot)
        tools = column(self._colour, self._width, another, clear, file, self._said)
        self.layout = row(board, self._made.figure, tools)

    def _begin(self, event: Event) -> None:
        self._from = place_of(event)

    def _draw(self, event: Event) -> None:
        (height, _), channels = self._size, self._channels
        picture = Image.fromarray(self._image if channels == 3 else self._image[..., 0])
        to, width = place_of(event), int(self._width.value)
        ends = [(x, height - y) for x, y in (self._from, to)]  # the figure counts from below
        colour = _rgb(self._colour.value)
        brush = ImageDraw.Draw(picture)
        brush.line(ends, fill=colour if channels == 3 else colour[0], width=width)
        for x, y in ends:
            box = (x - width / 2, y - width / 2, x + width / 2, y + width / 2)
            brush.ellipse(box, fill=colour if channels == 3 else colour[0])
        self._from = to
        self._image = np.array(picture).reshape(self._image.shape)
        self._source.show(self._image)

    def _dot(self, event: Event) -> None:
        self._begin(event)
        self._draw(event)
        self._translated()

    def _take(self, encoded: str) -> None:
        """Takes a file that was chosen, resized and cropped to the size of the examples."""
        try:
            with Image.open(io.BytesIO(base64.b64decode(encoded))) as picture:
                image = fit(picture, self._size, self._channels)
        except Exception as error:  # a damaged file can raise anything from inside a decoder
            self._said.text = f"This file cannot be read as an image: {type(error).__name__}."
            return
        self._said.text = ""
        self._put(image)

    def _next(self) -> None:
        self._number = (self._number + 1) % len(self._examples)
        self._put(self._examples[self._number].copy())

    def _put(self, image: np.ndarray) -> None:
        self._image = image
        self._source.show(image)
        self._translated()

    def _translated(self) -> None:
        self._made.show(self._translate(self._image[None])[0])


def _colours(images: np.ndarray) -> list[Any]:
    """The most frequent colours of images, with what they are called: how frequent they are."""
    pixels = np.broadcast_to(images, (*images.shape[:3], 3)).reshape(-1, 3)
    _, members, counts = np.unique(pixels // _LEVEL, axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(-counts)[:_COLOURS]
    means = [np.rint(pixels[members.ravel() == i].mean(0)).astype(int) for i in order]
    shares = counts[order] / len(pixels)
    return [
        ("#{:02x}{:02x}{:02x}".format(*rgb), f"{share:.0%}: {tuple(map(int, rgb))}")
        for rgb, share in zip(means, shares, strict=True)
    ]


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
