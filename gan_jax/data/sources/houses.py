"""Draws street fronts of houses and trees: a label map, and a picture with materials and light not in the map.

Lengths are fractions of the picture's side. x points to the right and y points down. The layout and the looks of a
scene come from two independent random streams. The layout is the same at every resolution, up to rounding to pixels.
"""

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

NAMES = ("ground", "wall", "tree", "sky", "roof", "door", "window", "trim")
GROUND, WALL, TREE, SKY, ROOF, DOOR, WINDOW, TRIM = range(8)

# The corners of the RGB cube, so that the colours are as far apart as possible.
PALETTE = np.array([[255 * (i >> 2 & 1), 255 * (i >> 1 & 1), 255 * (i & 1)] for i in range(8)], np.uint8)

_SMALLEST_CANVAS = 128
_STOREY = 0.16

_SKIES = np.array(  # colours of zenith and horizon, for day, haze, dusk, morning and rain
    [
        [[0.25, 0.50, 0.85], [0.72, 0.85, 0.96]],
        [[0.62, 0.70, 0.78], [0.88, 0.90, 0.92]],
        [[0.20, 0.18, 0.42], [0.95, 0.55, 0.35]],
        [[0.45, 0.60, 0.85], [0.98, 0.85, 0.75]],
        [[0.38, 0.42, 0.48], [0.60, 0.63, 0.66]],
    ]
)
_LIGHTS = np.array([[1.0, 0.99, 0.95], [0.92, 0.94, 0.97], [0.85, 0.66, 0.60], [1.02, 0.92, 0.82], [0.74, 0.78, 0.84]])
_WALLS = np.array(
    [[0.62, 0.28, 0.20], [0.72, 0.45, 0.30], [0.85, 0.78, 0.62], [0.90, 0.88, 0.83], [0.55, 0.56, 0.58],
     [0.80, 0.62, 0.42], [0.60, 0.70, 0.66], [0.86, 0.70, 0.66], [0.42, 0.32, 0.27], [0.68, 0.74, 0.82]]
)  # fmt: skip
_ROOFS = np.array([[0.55, 0.22, 0.16], [0.30, 0.30, 0.34], [0.42, 0.26, 0.18], [0.25, 0.33, 0.32], [0.62, 0.40, 0.28]])
_DOORS = np.array(
    [[0.45, 0.10, 0.10], [0.10, 0.25, 0.40], [0.12, 0.32, 0.18], [0.40, 0.24, 0.12], [0.75, 0.62, 0.15], [0.12] * 3]
)
_LEAVES = np.array([[0.20, 0.42, 0.14], [0.32, 0.52, 0.18], [0.62, 0.42, 0.12], [0.60, 0.24, 0.10], [0.12, 0.30, 0.20]])
_GROUNDS = np.array([[0.52, 0.52, 0.52], [0.62, 0.57, 0.48], [0.32, 0.46, 0.20], [0.36, 0.35, 0.37]])

Rectangle = tuple[slice, slice]


class _Numbers:
    """An infinite stream of uniform numbers.

    They are made from raw words, because NumPy promises only that their stream never changes.
    """

    def __init__(self, *seed: int):
        self._words = np.random.Philox(np.random.SeedSequence(seed))

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * float(self._words.random_raw() / 2**64)

    def below(self, count: int) -> int:
        return int(self._words.random_raw() / 2**64 * count)

    def chance(self, probability: float) -> bool:
        return self.between(0, 1) < probability

    def array(self, *shape: int) -> np.ndarray:
        """Numbers in [-1, 1)."""
        return self._words.random_raw(int(np.prod(shape))).reshape(shape) / 2**63 - 1


class _Canvas:
    """Labels and colours of the pixels, at `factor` times the resolution of the final picture."""

    def __init__(self, resolution: int):
        self.resolution, self.factor = resolution, max(2, -(-_SMALLEST_CANVAS // resolution))
        self.side = resolution * self.factor
        self.labels = np.zeros((self.side, self.side), np.uint8)
        self.colours = np.zeros((self.side, self.side, 3))
        self.shade = np.ones((self.side, self.side))
        self.y, self.x = np.mgrid[: self.side, : self.side] / self.side

    def at(self, length: float) -> int:
        """The pixel of the canvas at `length`, rounded to a whole pixel of the picture."""
        return min(max(round(length * self.resolution), 0), self.resolution) * self.factor

    def rectangle(self, left: float, right: float, top: float, bottom: float) -> Rectangle:
        """The slices of a rectangle, at least one pixel of the picture wide and high."""
        x, y = self.at(left), self.at(top)
        return slice(y, max(self.at(bottom), y + self.factor)), slice(x, max(self.at(right), x + self.factor))

    def paint(self, where: Rectangle | np.ndarray, label: int, colours: np.ndarray) -> None:
        self.labels[where], self.colours[where], self.shade[where] = label, colours, 1.0


class _Light(NamedTuple):
    """The light of a scene.

    colour: (3,), multiplies the picture. side: 1 if the light comes from the left, -1 from the right. contrast: between
    light and shade. glow: the probability that a window is lit from inside.
    """

    colour: np.ndarray
    side: int
    contrast: float
    glow: float


def draw(number: int, resolution: int) -> tuple[np.ndarray, np.ndarray]:
    """Scene `number` of a fixed, infinite sequence: its label map in the colours of PALETTE, and its picture.

    Both are uint8 (resolution, resolution, 3).
    """
    plan, look = _Numbers(*b"scene", number), _Numbers(*b"looks", number)
    canvas = _Canvas(resolution)
    light = _sky(canvas, look)
    horizon = plan.between(0.84, 0.92)
    _ground(canvas, horizon, look)
    count = 1 + plan.below(3)
    ends = np.linspace(plan.between(-0.02, 0.10), plan.between(0.90, 1.02), count + 1)
    ends[1:-1] += [plan.between(-0.06, 0.06) for _ in range(count - 1)]
    for left, right in pairwise(ends):
        _house(canvas, left, right, horizon, plan, look, light)
    for _ in range(plan.below(3)):
        _tree(canvas, plan.between(0.05, 0.95), horizon + plan.between(0, 0.05), plan.between(0.06, 0.11), plan, look)

    picture = canvas.colours * canvas.shade[..., None] * light.colour
    picture += 0.02 * look.array(canvas.side, canvas.side, 1)  # grain
    factor = canvas.factor
    small = picture.reshape(resolution, factor, resolution, factor, 3).mean((1, 3))
    labels = canvas.labels[factor // 2 :: factor, factor // 2 :: factor]
    return PALETTE[labels], np.rint(small.clip(0, 1) * 255).astype(np.uint8)


def _sky(canvas: _Canvas, look: _Numbers) -> _Light:
    weather = look.below(len(_SKIES))
    zenith, horizon = _SKIES[weather] + 0.06 * look.array(2, 3)
    height = (canvas.y / 0.9).clip(0, 1)[..., None] ** 0.8
    sky = zenith * (1 - height) + horizon * height
    clouds = (_cloudy(look, canvas.side, canvas.side) + look.between(-0.6, 0.3)).clip(0, 1)[..., None] * 0.8
    canvas.paint((slice(None), slice(None)), SKY, sky * (1 - clouds) + (0.5 + 0.5 * horizon) * clouds)
    contrast = 0.12 if weather in (1, 4) else 0.4
    return _Light(_LIGHTS[weather], 1 - 2 * look.below(2), contrast, 0.8 if weather in (2, 4) else 0.2)


def _cloudy(look: _Numbers, high: int, wide: int) -> np.ndarray:
    """Smooth noise about 0, (high, wide), stretched horizontally."""
    whole = np.zeros((high, wide))
    for rows, columns, weight in ((5, 3, 0.6), (11, 6, 0.35), (23, 12, 0.2)):
        rough = look.array(rows, columns)
        (i, v), (j, u) = _between(rows, high), _between(columns, wide)
        along = (1 - v)[:, None] * rough[i] + v[:, None] * rough[i + 1]
        whole += weight * ((1 - u) * along[:, j] + u * along[:, j + 1])
    return whole


@cache
def _between(count: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """For each of `side` positions, the index of the previous one of `count` even points and the next one's weight."""
    places = np.linspace(0, count - 1.001, side)
    before = places.astype(int)
    t = places - before
    return before, t * t * (3 - 2 * t)


def _ground(canvas: _Canvas, horizon: float, look: _Numbers) -> None:
    where = canvas.rectangle(0, 1, horizon, 1)
    kind = look.below(len(_GROUNDS))
    colour = _GROUNDS[kind] + 0.05 * look.array(3)
    texture = look.array(*canvas.y[where].shape, 1) * (0.08 if kind == 2 else 0.03)
    if kind != 2:  # slabs in perspective, larger in the foreground
        depth = (canvas.y[where] - horizon) / (1 - horizon)
        across = (canvas.x[where] - 0.5) / (0.5 + depth)
        joints = (np.mod(across * 12, 1) < 0.08) | (np.mod(np.sqrt(depth.clip(0)) * 4, 1) < 0.12)
        texture = texture - 0.1 * joints[..., None]
    canvas.paint(where, GROUND, colour + texture)
    canvas.shade[where] = 1 - 0.35 * np.exp(-(canvas.y[where] - horizon) / 0.03)


def _house(
    canvas: _Canvas, left: float, right: float, horizon: float, plan: _Numbers, look: _Numbers, light: _Light
) -> None:
    storeys = 2 + plan.below(3)
    storey = _STOREY * plan.between(0.9, 1.12)
    eaves = horizon - storeys * storey
    front = canvas.rectangle(left, right, eaves, horizon)
    colour = _WALLS[look.below(len(_WALLS))] + 0.06 * look.array(3)
    _roof(canvas, left, right, eaves, plan, look, light)
    canvas.paint(front, WALL, _masonry(canvas, front, colour, look))
    across = (canvas.x[front] - left) / (right - left)
    sunny = across if light.side < 0 else 1 - across
    canvas.shade[front] = 1 - light.contrast * 0.4 + light.contrast * 0.5 * sunny
    stone = np.clip(colour + look.between(0.05, 0.35) if look.chance(0.7) else colour * 0.6, 0, 1)
    _band(canvas, left, right, eaves, 0.03, stone, light)
    if plan.chance(0.5):
        _band(canvas, left, right, horizon - storey, 0.02, stone, light)

    columns = max(1, round((right - left) / plan.between(0.13, 0.2)))
    cell = (right - left) / columns
    wide, high = cell * plan.between(0.45, 0.62), storey * plan.between(0.45, 0.62)
    sills, entrance = plan.chance(0.6), plan.below(columns)
    pane = _panes(look)
    for row in range(storeys):
        for column in range(columns):
            middle = left + (column + 0.5) * cell
            base = horizon - row * storey
            if row == 0 and column == entrance:
                _door(canvas, middle, max(0.085, min(0.6 * cell, 0.12)), base, 0.78 * storey, stone, look, light)
                continue
            bottom = base - 0.24 * storey
            where = canvas.rectangle(middle - wide / 2, middle + wide / 2, bottom - high, bottom)
            pane(canvas, where, light)
            if sills:
                sill = canvas.rectangle(middle - 0.62 * wide, middle + 0.62 * wide, bottom, bottom + 0.012)
                canvas.paint(sill, TRIM, stone)
                _drop_shadow(canvas, sill, light)


def _masonry(canvas: _Canvas, where: Rectangle, colour: np.ndarray, look: _Numbers) -> np.ndarray:
    """Brick, stone, boards or plaster: (h, w, 3)."""
    y, x = canvas.y[where], canvas.x[where]
    spots = 0.03 * look.array(*y.shape, 1) + 0.07 * _cloudy(look, *y.shape)[..., None]
    kind = look.below(4)
    if kind == 3:
        return colour + spots
    high, wide = ((0.022, 0.05), (0.05, 0.1), (0.026, 4.0))[kind]
    course = (y / high).astype(int)
    brick = (x / wide + 0.5 * (course % 2) + 8).astype(int)
    tones = look.array(64, 64)[course % 64, brick % 64][..., None] * (0.09, 0.06, 0.025)[kind]
    joints = np.mod(y / high, 1) < (0.22 if kind == 0 else 0.12)
    if kind < 2:
        joints |= np.mod(x / wide + 0.5 * (course % 2), 1) < 0.1
    mortar = -0.14 if kind or look.chance(0.5) else 0.16
    return colour + spots + tones + mortar * joints[..., None]


def _roof(
    canvas: _Canvas, left: float, right: float, eaves: float, plan: _Numbers, look: _Numbers, light: _Light
) -> None:
    kind, rise, chimney = plan.below(3), plan.between(0.08, 0.17), plan.between(0.2, 0.8)
    colour = _ROOFS[look.below(len(_ROOFS))] + 0.05 * look.array(3)
    tiles, tones = look.below(2), look.array(64, 64)
    if kind == 0:  # flat
        return
    if plan.chance(0.6):
        middle = left + chimney * (right - left)
        stack = canvas.rectangle(middle - 0.02, middle + 0.02, eaves - rise - 0.02, eaves)
        canvas.paint(stack, WALL, np.array([0.5, 0.3, 0.25]) + 0.05 * tones[0, 0])
        canvas.shade[stack] = 0.9
    height = (eaves - canvas.y) / rise  # 0 at the eaves, 1 at the ridge
    inset = (0.5 if kind == 1 else 0.22) * (right - left) * height
    where = (height >= 0) & (height < 1) & (canvas.x >= left + inset - 0.015) & (canvas.x < right - inset + 0.015)
    y, x = canvas.y[where], canvas.x[where]
    course = (y / 0.02).astype(int)
    column = (x / 0.03 + 0.5 * (course % 2)).astype(int)
    lines = np.mod(y / 0.02, 1) < 0.3 if tiles else np.mod(x / 0.035, 1) < 0.2
    canvas.paint(where, ROOF, colour + (0.06 * tones[course % 64, column % 64] - 0.1 * lines)[..., None])
    lit = (x < (left + right) / 2) == (light.side > 0)
    canvas.shade[where] = np.where(lit, 1.05, 1.05 - light.contrast)


def _band(
    canvas: _Canvas, left: float, right: float, top: float, height: float, colour: np.ndarray, light: _Light
) -> None:
    """A horizontal band of stone, which casts a shadow on the wall below."""
    where = canvas.rectangle(left - 0.01, right + 0.01, top, top + height)
    canvas.paint(where, TRIM, colour)
    canvas.shade[where] = 1.05 - 0.3 * (canvas.y[where] - top) / height
    _drop_shadow(canvas, where, light)


def _drop_shadow(canvas: _Canvas, above: Rectangle, light: _Light) -> None:
    below = slice(above[0].stop, above[0].stop + canvas.at(0.025)), above[1]
    canvas.shade[below] *= np.where(canvas.labels[below] == WALL, 1 - light.contrast, 1)


def _panes(look: _Numbers) -> Callable[[_Canvas, Rectangle, _Light], None]:
    """A function that paints the windows of one house. The frames are alike, and what is behind the glass varies."""
    frame = np.clip((0.92 if look.chance(0.6) else 0.25) + 0.08 * look.array(3), 0, 1)
    bars = look.below(3)

    def paint(canvas: _Canvas, where: Rectangle, light: _Light) -> None:
        y, x = canvas.y[where], canvas.x[where]
        v = (y - y[0, 0]) / max(np.ptp(y), 1e-6)
        u = (x - x[0, 0]) / max(np.ptp(x), 1e-6)
        dark = np.array([0.10, 0.13, 0.17]) + 0.04 * look.array(3)
        if look.chance(light.glow):  # somebody is at home
            glass = np.array([1.0, 0.80, 0.42]) / light.colour * (1 - 0.25 * v)[..., None]
        else:  # the sky reflected in the glass
            gleam = (np.mod(u * light.side + v + look.between(0, 1), 1) < 0.4)[..., None]
            glass = dark + (0.22 + 0.25 * gleam) * (1 - 0.5 * v)[..., None] * np.array([0.6, 0.8, 1.0])
        covering = look.below(4)
        if covering == 0:  # curtains
            drawn = np.abs(u - 0.5) > look.between(0.15, 0.45)
            folds = 0.75 + 0.15 * np.sin(u * 40)
            glass = np.where(drawn[..., None], folds[..., None] * np.array([0.95, 0.92, 0.85]), glass)
        elif covering == 1:  # a blind
            glass = np.where((v < look.between(0.2, 0.8))[..., None], np.array([0.82, 0.76, 0.62]), glass)
        edge = (u < 0.08) | (u > 0.92) | (v < 0.06) | (v > 0.94)
        if bars:
            edge |= np.abs(u - 0.5) < 0.05
        if bars == 2:
            edge |= np.abs(v - 0.4) < 0.04
        canvas.paint(where, WINDOW, np.where(edge[..., None], frame, glass))
        shadow = (v < 0.12) | ((u if light.side > 0 else 1 - u) < 0.1)
        canvas.shade[where] = np.where(shadow, 1 - light.contrast, 1)

    return paint


def _door(
    canvas: _Canvas,
    middle: float,
    wide: float,
    base: float,
    high: float,
    stone: np.ndarray,
    look: _Numbers,
    light: _Light,
) -> None:
    canvas.paint(
        canvas.rectangle(middle - wide / 2 - 0.02, middle + wide / 2 + 0.02, base - high - 0.03, base), TRIM, stone
    )
    where = canvas.rectangle(middle - wide / 2, middle + wide / 2, base - high, base)
    y, x = canvas.y[where], canvas.x[where]
    v, u = (y - y[0, 0]) / max(np.ptp(y), 1e-6), (x - x[0, 0]) / max(np.ptp(x), 1e-6)
    colour = np.clip(_DOORS[look.below(len(_DOORS))] + 0.06 * look.array(3), 0, 1)
    panels = (np.abs(np.mod(u * 2, 1) - 0.5) < 0.32) & (np.abs(np.mod(v * 3, 1) - 0.5) < 0.38)
    wood = colour * (0.8 + 0.35 * panels)[..., None]
    if look.chance(0.5):  # a lit window at the top
        wood = np.where((v < 0.2)[..., None], np.array([0.85, 0.78, 0.55]), wood)
    knob = (np.abs(u - 0.85) < 0.05) & (np.abs(v - 0.55) < 0.025)
    canvas.paint(where, DOOR, np.where(knob[..., None], np.array([0.9, 0.8, 0.4]), wood))
    shadow = (v < 0.08) | ((u if light.side > 0 else 1 - u) < 0.1)
    canvas.shade[where] = np.where(shadow, 1 - light.contrast, 1)


def _tree(canvas: _Canvas, middle: float, base: float, size: float, plan: _Numbers, look: _Numbers) -> None:
    trunk = canvas.rectangle(middle - 0.12 * size, middle + 0.12 * size, base - 1.6 * size, base)
    canvas.paint(trunk, TREE, np.array([0.30, 0.20, 0.12]) + 0.04 * look.array(3))
    around = canvas.rectangle(middle - 1.6 * size, middle + 1.6 * size, base - 3.7 * size, base)
    xs, ys = canvas.x[around], canvas.y[around]
    distance = np.full(xs.shape, np.inf)  # from the nearest tuft of leaves, in units of its radius
    for _ in range(6):
        x, y = middle + size * plan.between(-0.7, 0.7), base - size * plan.between(1.5, 2.8)
        distance = np.minimum(distance, np.hypot(xs - x, ys - y) / (size * plan.between(0.5, 0.85)))
    crown = np.zeros(canvas.x.shape, bool)
    crown[around] = distance < 1
    within = distance[distance < 1]
    leaves = _LEAVES[look.below(len(_LEAVES))] + 0.05 * look.array(3)
    canvas.paint(crown, TREE, leaves + 0.12 * look.array(len(within), 1))
    canvas.shade[crown] = 1.15 - 0.5 * within**2
