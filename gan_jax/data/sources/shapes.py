"""Drawn furniture as volumes: chairs, tables, lamps, sofas and shelves, from a few random measures each.

A volume (N, N, N, 1) has its axes from back to front, from left to right and from the floor up. A voxel is 255 if its
centre lies in the shape, and 0 elsewhere. All lengths below are in sides of the volume. Parts are at least 1/16 thick,
which is two voxels at the usual 32.
"""

from collections.abc import Iterator

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.data.dataset import Dataset, Resolution, Split, height_and_width
from gan_jax.data.splits import uniform

CLASSES = ("chair", "lamp", "shelf", "sofa", "table")
TRAIN_COUNT, TEST_COUNT = 2500, 500

_THINNEST = 1 / 16


def shapes(resolution: Resolution) -> Dataset:
    """2,500 training and 500 held-out volumes with their class, equally many of each.

    Raises UsageError if height and width of `resolution` differ: all sides of a volume are the same.
    """
    side, width = height_and_width(resolution)
    if side != width:
        raise UsageError(f"--resolution {side} {width}: all sides of a volume are the same, so give one number")

    def split(first: int, count: int) -> Split:
        numbers = range(first, first + count)
        labels = np.array([number % len(CLASSES) for number in numbers], np.int32)
        return Split(np.stack([draw(number, side) for number in numbers]), labels)

    return Dataset("shapes", split(0, TRAIN_COUNT), split(TRAIN_COUNT, TEST_COUNT), CLASSES)


def draw(number: int, side: int) -> np.ndarray:
    """Shape `number` of an endless sequence, uint8 (side, side, side, 1), of the class CLASSES[number % 5].

    Its measures are uniform and depend on `number` alone, so that it is the same shape at every resolution.
    """
    canvas = _Canvas(side, uniform(64, f"shape {number}"))
    (_chair, _lamp, _shelf, _sofa, _table)[number % len(CLASSES)](canvas)
    return canvas.volume[..., None]


class _Canvas:
    """A volume that parts are added to, and the random numbers that say which."""

    def __init__(self, side: int, numbers: np.ndarray):
        self.volume = np.zeros((side,) * 3, np.uint8)
        self._centres = (np.arange(side) + 0.5) / side
        self._numbers: Iterator[float] = iter(numbers.tolist())

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * next(self._numbers)

    def chance(self, probability: float) -> bool:
        return next(self._numbers) < probability

    def thickness(self, high: float) -> float:
        return self.between(_THINNEST, high)

    def box(self, x: tuple[float, float], y: tuple[float, float], z: tuple[float, float]) -> None:
        """Fills a box, given the two ends of each axis."""
        self.volume[*(slice(*np.searchsorted(self._centres, ends)) for ends in (x, y, z))] = 255

    def cone(self, middle: tuple[float, float], z: tuple[float, float], below: float, above: float) -> None:
        """Fills a round part about an upright axis, whose radius goes from `below` to `above`."""
        squares = np.add.outer(*((self._centres - centre) ** 2 for centre in middle))
        for level in range(*np.searchsorted(self._centres, z)):
            share = (self._centres[level] - z[0]) / (z[1] - z[0])
            self.volume[..., level][squares < (below + share * (above - below)) ** 2] = 255

    def legs(self, x: tuple[float, float], y: tuple[float, float], z: tuple[float, float], thick: float) -> None:
        """Fills four upright posts in the corners of a box."""
        for front in ((x[0], x[0] + thick), (x[1] - thick, x[1])):
            for left in ((y[0], y[0] + thick), (y[1] - thick, y[1])):
                self.box(front, left, z)


def _about(middle: float, size: float) -> tuple[float, float]:
    return middle - size / 2, middle + size / 2


def _chair(canvas: _Canvas) -> None:
    x, y = _about(0.5, canvas.between(0.4, 0.65)), _about(0.5, canvas.between(0.4, 0.65))
    seat, thick = canvas.between(0.3, 0.5), canvas.thickness(0.12)
    top, back = canvas.between(0.75, 1), canvas.thickness(0.1)
    canvas.box(x, y, (seat - thick, seat))
    behind = (x[0], x[0] + back)
    if canvas.chance(0.6):
        canvas.box(behind, y, (seat, top))
    else:  # a frame with bars
        bars = 2 + int(canvas.between(0, 3))
        for place in np.linspace(y[0] + _THINNEST / 2, y[1] - _THINNEST / 2, bars):
            canvas.box(behind, _about(float(place), _THINNEST), (seat, top))
        canvas.box(behind, y, (top - canvas.thickness(0.12), top))
    if canvas.chance(0.7):
        canvas.legs(x, y, (0, seat), canvas.thickness(0.09))
    else:  # a post on a round foot
        canvas.cone((0.5, 0.5), (0, seat), *(canvas.between(0.04, 0.07),) * 2)
        canvas.cone((0.5, 0.5), (0, _THINNEST), *(canvas.between(0.15, 0.25),) * 2)
    if canvas.chance(0.4):
        arm = seat + canvas.between(0.12, 0.25)
        thick = canvas.thickness(0.09)
        for side in ((y[0], y[0] + thick), (y[1] - thick, y[1])):
            canvas.box(x, side, (arm - _THINNEST, arm))
            canvas.box((x[1] - thick, x[1]), side, (seat, arm))


def _lamp(canvas: _Canvas) -> None:
    top, shade = canvas.between(0.7, 1), canvas.between(0.2, 0.35)
    below, foot = canvas.between(0.2, 0.4), canvas.between(0.12, 0.28)
    canvas.cone((0.5, 0.5), (top - shade, top), below, below * canvas.between(0.4, 1))
    canvas.cone((0.5, 0.5), (0, top), *(canvas.between(0.04, 0.07),) * 2)
    canvas.cone((0.5, 0.5), (0, canvas.thickness(0.12)), foot, foot * canvas.between(0.5, 1))


def _shelf(canvas: _Canvas) -> None:
    x, y = _about(0.5, canvas.between(0.25, 0.45)), _about(0.5, canvas.between(0.4, 0.9))
    top, thick = canvas.between(0.6, 1), canvas.thickness(0.08)
    for place in np.linspace(0, top - thick, 3 + int(canvas.between(0, 3))):
        canvas.box(x, y, (float(place), float(place) + thick))
    canvas.box(x, (y[0], y[0] + thick), (0, top))
    canvas.box(x, (y[1] - thick, y[1]), (0, top))
    if canvas.chance(0.5):
        canvas.box((x[0], x[0] + _THINNEST), y, (0, top))


def _sofa(canvas: _Canvas) -> None:
    x, y = _about(0.5, canvas.between(0.4, 0.6)), _about(0.5, canvas.between(0.75, 1))
    foot, seat = canvas.between(0, 0.12), canvas.between(0.25, 0.38)
    top, thick = canvas.between(0.5, 0.75), canvas.between(0.1, 0.18)
    arm = canvas.between(seat + 0.03, top)
    canvas.box(x, y, (foot, seat))
    canvas.box((x[0], x[0] + thick), y, (foot, top))
    for side in ((y[0], y[0] + thick), (y[1] - thick, y[1])):
        canvas.box(x, side, (foot, arm))
    canvas.legs(x, y, (0, foot), _THINNEST)


def _table(canvas: _Canvas) -> None:
    top, thick = canvas.between(0.35, 0.7), canvas.thickness(0.1)
    if canvas.chance(0.35):  # a round one
        radius = canvas.between(0.25, 0.48)
        canvas.cone((0.5, 0.5), (top - thick, top), radius, radius)
        canvas.cone((0.5, 0.5), (0, top), *(canvas.between(0.05, 0.1),) * 2)
        canvas.cone((0.5, 0.5), (0, _THINNEST), *(radius * canvas.between(0.4, 0.8),) * 2)
        return
    x, y = _about(0.5, canvas.between(0.4, 0.7)), _about(0.5, canvas.between(0.55, 0.98))
    legs = canvas.thickness(0.1)
    canvas.box(x, y, (top - thick, top))
    canvas.legs(x, y, (0, top), legs)
    if canvas.chance(0.3):
        level = top * canvas.between(0.2, 0.4)
        canvas.box(x, y, (level, level + _THINNEST))
