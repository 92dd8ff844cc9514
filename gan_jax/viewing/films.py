"""Samples over training: a slider that goes through the steps, and a strip of small pictures."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from bokeh.layouts import column, row
from bokeh.models import CustomJS, Div, LayoutDOM, Slider

# More pictures than this make a page large.
_MOST_FRAMES = 40
_IN_STRIP = 10

# The width of all pictures together, and the limits of each of them, in pixels.
_WIDTH, _NARROWEST, _WIDEST = 1000, 240, 560

# Bokeh's widgets do not see the style sheet of the page.
_PICTURE = (
    '<figure style="margin: 0"><img src="{source}" alt="samples at {title}" '
    'style="width: {width}px; image-rendering: pixelated"><figcaption>{title}</figcaption></figure>'
)


def film(samples: Mapping[str, Mapping[int, Path]]) -> LayoutDOM | None:
    """A slider over the steps, and below it the pictures of samples of each run at that step or the last one before.

    samples: pictures by step, by the name of the run. None if there are no pictures at all.
    """
    steps = sorted({step for pictures in samples.values() for step in pictures})
    if not steps:
        return None
    steps = spread_evenly(steps, _MOST_FRAMES)
    shown = {run: pictures for run, pictures in samples.items() if pictures}
    width = min(_WIDEST, max(_NARROWEST, _WIDTH // len(shown)))
    films = [_Film(run if len(samples) > 1 else "", pictures, steps, width) for run, pictures in shown.items()]
    divs = [Div(text=each.frames[each.places[-1]], width=width + 12) for each in films]
    slider = Slider(start=0, end=max(1, len(steps) - 1), value=len(steps) - 1, step=1, show_value=False, width=520)
    slider.title = f"step {steps[-1]:,}"
    slider.disabled = len(steps) == 1
    slider.js_on_change(
        "value",
        CustomJS(
            args={
                "divs": divs,
                "frames": [each.frames for each in films],
                "places": [each.places for each in films],
                "steps": [f"{step:,}" for step in steps],
            },
            code="""
                const at = Math.min(cb_obj.value, steps.length - 1)
                cb_obj.title = "step " + steps[at]
                divs.forEach((div, i) => { div.text = frames[i][places[i][at]] })
            """,
        ),
    )
    return column(slider, row(*divs, styles={"flex-wrap": "wrap"}))


class _Film:
    """The pictures of a run as HTML, each once, and for each step the place of the newest one that is not later.

    Before the first picture it is the first one.
    """

    def __init__(self, run: str, pictures: Mapping[int, Path], steps: Sequence[int], width: int):
        newest = [max((each for each in pictures if each <= step), default=min(pictures)) for step in steps]
        shown = sorted(set(newest))
        titles = [", ".join(filter(None, (escape(run), f"step {step:,}"))) for step in shown]
        self.frames = [
            _PICTURE.format(title=title, source=source(pictures[step]), width=width)
            for title, step in zip(titles, shown, strict=True)
        ]
        self.places = [shown.index(step) for step in newest]


def strip(pictures: Mapping[int, Path]) -> list[tuple[int, str]]:
    """Steps, evenly spread, and the pictures of samples at these, as the sources of HTML images."""
    return [(step, source(pictures[step])) for step in spread_evenly(sorted(pictures), _IN_STRIP)]


def source(path: Path) -> str:
    """A picture as the source of an HTML image, with its contents in it."""
    kind = "jpeg" if path.suffix in (".jpg", ".jpeg") else "png"
    return f"data:image/{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def spread_evenly(values: Sequence[int], most: int) -> list[int]:
    """At most so many of the values, evenly spread, with the first and the last one."""
    if len(values) <= most:
        return list(values)
    return [values[round(i * (len(values) - 1) / (most - 1))] for i in range(most)]
