"""Drawn displays in which one item is odd, and simulated people who look at them: attention without a download.

Among items that are alike, one of another colour or shape draws the eye wherever it is (Treisman and Gelade 1980, "A
feature-integration theory of attention"). The people here are a model, and no measurement: more than half of their
fixations go to the odd item, a quarter to other items near the centre, and the rest around the centre.
"""

import numpy as np

from gan_jax.data.cache import cached
from gan_jax.data.dataset import Dataset, Fixations, Resolution, Split, height_and_width
from gan_jax.data.fixation_maps import density, gray
from gan_jax.data.splits import uniform

TRAIN_COUNT, TEST_COUNT = 500, 100
PEOPLE, FIXATIONS = 12, 6

# Increase this when the displays change.
_VERSION = 1

_MOST_CELLS = 5
_LEAST_CONTRAST = 0.35
_TO_ODD, _TO_OTHERS = 0.55, 0.25  # shares of the fixations
_DEVIATION = 0.035  # of the Gaussian of a map, in sides
_NOISE, _CENTRE = 0.02, 0.16  # deviations of fixations from where they aim, and about the centre, in sides


def popout(resolution: Resolution) -> Dataset:
    """500 training pairs and 100 held-out pairs of a display, RGB, and the map of where 12 simulated people look."""
    height, width = height_and_width(resolution)
    deviation = _DEVIATION * max(height, width)
    identity = (_VERSION, TRAIN_COUNT, TEST_COUNT, height, width)
    arrays = cached(f"popout-{height}x{width}", identity, lambda: _all(height, width, deviation))
    train, test = (
        Split(arrays["displays"][part], None, arrays["maps"][part])
        for part in (slice(TRAIN_COUNT), slice(TRAIN_COUNT, None))
    )
    return Dataset("popout", train, test, (), Fixations(tuple(arrays["fixations"][TRAIN_COUNT:]), deviation))


def draw(number: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Display `number`, uint8 (height, width, 3), and the fixations, float64 (72, 3): subject, row and column."""
    numbers = iter(uniform(2000, f"popout {number}"))

    def between(low: float, high: float) -> float:
        return low + (high - low) * float(next(numbers))

    cells = 3 + int(between(0, _MOST_CELLS - 2))
    corners = [(row, column) for row in range(cells) for column in range(cells)]
    places = np.array([[(row + between(0.3, 0.7)) / cells, (col + between(0.3, 0.7)) / cells] for row, col in corners])
    odd = int(between(0, len(places)))
    colours: list[np.ndarray] = []  # of the background, of the items and of the odd one
    while len(colours) < 3:
        drawn = np.array([between(0.1, 0.9) for _ in range(3)])
        if all(np.abs(drawn - each).max() > _LEAST_CONTRAST for each in colours):
            colours.append(drawn)
    background, colour, other = colours
    is_square, by_shape = between(0, 1) < 0.5, between(0, 1) < 0.3
    radius = between(0.16, 0.26) / cells

    image = np.broadcast_to(background, (height, width, 3)).copy()
    rows, columns = (np.arange(height)[:, None] + 0.5) / height, (np.arange(width) + 0.5) / width
    for i, (row, column) in enumerate(places):
        square = is_square != (by_shape and i == odd)
        down, across = np.abs(rows - row), np.abs(columns - column)
        distance = np.maximum(down, across) if square else np.hypot(down, across)
        opacity = np.clip((radius - distance) * min(height, width) + 0.5, 0, 1)[..., None]
        image += opacity * ((other if i == odd and not by_shape else colour) - image)
    people = [_look(places, odd, numbers) for _ in range(PEOPLE)]
    seen = np.concatenate([np.insert(each, 0, subject, axis=1) for subject, each in enumerate(people)])
    return np.rint(255 * image).astype(np.uint8), seen * (1, height, width)


def _look(places: np.ndarray, odd: int, numbers) -> np.ndarray:
    """Where one person looks, (6, 2), as shares of the sides. places: those of the items, (N, 2)."""
    weights = np.exp(-np.square(places - 0.5).sum(1) / (2 * _CENTRE**2))
    others = np.cumsum(weights / weights.sum())
    looks = []
    for _ in range(FIXATIONS):
        kind, which, distance, turn = (float(next(numbers)) for _ in range(4))
        aim, noise = np.array([0.5, 0.5]), _CENTRE
        if kind < _TO_ODD:
            aim, noise = places[odd], _NOISE
        elif kind < _TO_ODD + _TO_OTHERS:
            aim, noise = places[min(np.searchsorted(others, which), len(places) - 1)], _NOISE
        # Normal numbers as by Box and Muller (1958).
        step = np.sqrt(-2 * np.log1p(-distance)) * np.array([np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)])
        looks.append(np.clip(aim + noise * step, 0, 1 - 1e-9))
    return np.array(looks)


def _all(height: int, width: int, deviation: float) -> dict[str, np.ndarray]:
    displays, seen = zip(*(draw(i, height, width) for i in range(TRAIN_COUNT + TEST_COUNT)), strict=True)
    maps = [gray(density(each[:, 1:], height, width, deviation)) for each in seen]
    return {"displays": np.stack(displays), "maps": np.stack(maps), "fixations": np.stack(seen)}
