"""The page on which one walks through the latents of a trained run."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from bokeh.document import Document
from bokeh.events import Event, Pan, Tap
from bokeh.layouts import column, row
from bokeh.models import Button, ColumnDataSource, Div, Range1d, Select, Slider, Spinner
from bokeh.plotting import figure

from gan_jax.common.errors import UserError
from gan_jax.common.files import attempt, write_aside
from gan_jax.game import Game
from gan_jax.inference import Explorer, Place, labels_of, latent_array
from gan_jax.reporting import save_image
from gan_jax.viewing.pictures import Later, Screen, headed, place_of

_SIDE, _PAD, _WIDTH = 512, 260, 300

# How far the pad and the sliders go to each side. Most latents are standard normal, so 4 is far.
_REACH = 4.0
# The pad moves along the first two directions, and sliders along the next ones.
_SLIDERS = 6

_ANY_CLASS = "that of the seed"

_HELP = """
Drag on the pad, or move a slider: the picture follows. The pad and the sliders move the latents along the directions
that change the picture most (SeFa). Mixing goes from the first seed to the second one.
"""


class LatentPage:
    """A page of an explorer: `add_to(document)` puts its sliders and its picture into a document of Bokeh.

    folder: where pictures are saved.
    classes: the names of the classes of a conditional game, or none.
    """

    def __init__(self, title: str, game: Game, explorer: Explorer, classes: Sequence[str], folder: Path):
        self._title, self._game, self._explorer, self._folder = title, game, explorer, folder
        self._classes = classes if game.classes else ()

    def add_to(self, document: Document) -> None:
        """Called once for each tab that opens the page. Each has a place of its own."""
        place = Place()
        screen = Screen(self._explorer.image(place), _SIDE)
        said = Div(width=_SIDE)

        drawn = Later(document, lambda: screen.show(self._explorer.image(place)))

        def go(**changes) -> None:
            nonlocal place
            place = replace(place, **changes)
            drawn.ask()

        count = min(2 + _SLIDERS, len(self._explorer.directions))

        def move(first: int, *values: float) -> None:
            moves = [*place.moves, *[0.0] * (count - len(place.moves))]
            moves[first : first + len(values)] = values
            go(moves=tuple(moves[:count]))

        pad, put = _pad(lambda x, y: move(0, x, y))
        sliders = [
            _slider(f"direction {i + 1}", -_REACH, _REACH, 0.0, lambda x, i=i: move(i, x)) for i in range(2, count)
        ]
        seed = _spinner("seed", place.seed, lambda x: go(seed=x))
        other = _spinner("second seed", place.other, lambda x: go(other=x))
        mix = _slider("mix", 0.0, 1.0, 0.0, lambda x: go(mix=x))
        extras = [*self._class_choice(go), *self._truncation(go)]

        def reset() -> None:
            put(0.0, 0.0)
            for each in (*sliders, mix):
                each.value = 0.0
            go(moves=(), mix=0.0)

        back, save = Button(label="Back to the seed", width=_WIDTH // 2), Button(label="Save", width=_WIDTH // 2 - 10)
        back.on_click(reset)
        save.on_click(lambda: said.update(text=self._saved(place)))
        left = column(headed(document, self._title), screen.figure, said, Div(text=_HELP, width=_SIDE))
        right = column(row(seed, other), mix, *extras, pad, *sliders, row(back, save))
        document.add_root(row(left, right))

    def _class_choice(self, go: Callable[..., None]) -> list[Select]:
        if not self._classes:
            return []
        options: list[Any] = [("", _ANY_CLASS), *((str(i), name) for i, name in enumerate(self._classes))]
        choice = Select(title="class", value="", options=options, width=_WIDTH)
        choice.on_change("value", lambda _, __, new: go(label=int(new) if new else None))
        return [choice]

    def _truncation(self, go: Callable[..., None]) -> list[Slider]:
        if self._game.truncated is None:
            return []
        # 1 is without truncation of styles. Of latents it would be one, so there the end of the slider is without.
        by_styles = self._game.from_styles is not None
        end = 1.0 if by_styles else 3.0
        title = "truncation of styles" if by_styles else "threshold of latents (3 is without)"
        return [_slider(title, 0.1, end, end, lambda x: go(psi=None if x >= end else round(x, 1)), step=0.1)]

    def _saved(self, place: Place) -> str:
        """Writes the picture of a place, its latents, and how it was reached. Returns what to say."""
        number = 1 + max((int(path.stem[7:]) for path in self._folder.glob("picture[0-9]*.png")), default=0)
        path = self._folder / f"picture{number:03d}.png"
        latents = self._explorer.latents(place)
        labels = labels_of(self._game, latents)
        arrays = {"latents": latent_array(self._game, latents)}
        if labels is not None:
            arrays["labels"] = np.array([self._classes[label] for label in labels])
        try:
            attempt(
                path,
                lambda: write_aside(
                    path.with_suffix(".npz"), lambda file: np.savez(file, allow_pickle=False, **arrays)
                ),
            )
            attempt(path, lambda: save_image(self._explorer.image(place), path))
        except UserError as error:
            return f"not saved: {error}"
        where = {name: x for name, x in asdict(place).items() if x is not None}
        attempt(
            path, lambda: write_aside(path.with_suffix(".json"), lambda file: file.write(json.dumps(where).encode()))
        )
        return f"Saved {path} with its latents, which <code>gan-jax sample --latents</code> takes."


def _pad(moved: Callable[[float, float], object]) -> tuple[figure, Callable[[float, float], None]]:
    """A square on which a point is dragged. Returns it, and what puts the point elsewhere without a word."""
    across, up = (Range1d(start=-_REACH, end=_REACH) for _ in range(2))
    pad = figure(
        frame_width=_PAD, frame_height=_PAD, x_range=across, y_range=up, tools="", name="pad",
        toolbar_location=None, x_axis_label="direction 1", y_axis_label="direction 2",
    )  # fmt: skip
    point = ColumnDataSource({"x": [0.0], "y": [0.0]})
    pad.scatter("x", "y", source=point, size=14, color="#d62728", alpha=0.8)
    pad.grid.grid_line_alpha = 0.4

    def put(x: float, y: float) -> None:
        point.data = {"x": [x], "y": [y]}

    def drag(event: Event) -> None:
        x, y = (float(np.clip(each, -_REACH, _REACH)) for each in place_of(event))
        put(x, y)
        moved(x, y)

    pad.on_event(Pan, drag)
    pad.on_event(Tap, drag)
    return pad, put


def _slider(
    title: str, start: float, end: float, value: float, changed: Callable[[float], None], step: float = 0.05
) -> Slider:
    slider = Slider(title=title, start=start, end=end, value=value, step=step, width=_WIDTH)
    slider.on_change("value", lambda _, __, new: changed(new))
    return slider


def _spinner(title: str, value: int, changed: Callable[[int], None]) -> Spinner:
    spinner = Spinner(title=title, low=0, high=2**32 - 1, step=1, value=value, width=_WIDTH // 2 - 10)
    spinner.on_change("value", lambda _, __, new: changed(int(new or 0)))
    return spinner
