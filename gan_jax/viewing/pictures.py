"""Images in the browser: pixels as Bokeh draws them, in figures without axes."""

from collections.abc import Callable
from html import escape

import numpy as np
from bokeh.document import Document
from bokeh.events import Event
from bokeh.models import ColumnDataSource, Div, Range1d
from bokeh.plotting import figure


def rgba(image: np.ndarray) -> np.ndarray:
    """An image uint8 (H, W, 1 or 3) as Bokeh takes it: uint32 (H, W), the first row at the bottom."""
    height, width, channels = image.shape
    pixels = np.full((height, width, 4), 255, np.uint8)
    pixels[..., :3] = image if channels == 3 else image[..., :1]
    return np.ascontiguousarray(pixels[::-1]).view(np.uint32)[..., 0]


class Screen:
    """A figure that shows an image, enlarged without smoothing. Its coordinates are pixels from the lower left.

    side: the larger side of the figure, in pixels of the browser.
    """

    def __init__(self, image: np.ndarray, side: int, title: str = "", tools: str = ""):
        height, width = image.shape[:2]
        scale = side / max(height, width)
        self._source = ColumnDataSource({"image": [rgba(image)]})
        self.figure = figure(
            title=title or None,
            frame_width=round(width * scale),
            frame_height=round(height * scale),
            x_range=Range1d(start=0, end=width),
            y_range=Range1d(start=0, end=height),
            tools=tools,
            toolbar_location=None,
        )
        self.figure.image_rgba("image", x=0, y=0, dw=width, dh=height, source=self._source)
        self.figure.axis.visible = False
        self.figure.grid.visible = False

    def show(self, image: np.ndarray) -> None:
        """Shows another image of the same size."""
        self._source.data = {"image": [rgba(image)]}


class Later:
    """Calls a function soon, once for all that `ask` for it in the meantime: a slow picture does not lag behind."""

    def __init__(self, document: Document, call: Callable[[], object]):
        self._document, self._call, self._asked = document, call, False

    def ask(self) -> None:
        if not self._asked:
            self._asked = True
            self._document.add_next_tick_callback(self._now)

    def _now(self) -> None:
        self._asked = False
        self._call()


def headed(document: Document, title: str) -> Div:
    """Names the tab of a document, and returns the heading of its page. A title is words, and no HTML."""
    document.title = f"{title} – gan-jax"
    return Div(text=f"<h2>{escape(title)}</h2>")


def place_of(event: Event) -> tuple[float, float]:
    """Where the pointer is, in the coordinates of the figure that the event is of."""
    return float(getattr(event, "x", None) or 0), float(getattr(event, "y", None) or 0)
