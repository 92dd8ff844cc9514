"""Pictures of points in the plane: samples drawn over real points."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIDE = 480  # pixels
_MOST_REAL = 5000


def scatter(points: np.ndarray, real: np.ndarray) -> np.ndarray:
    """A picture, uint8 (480, 480, 3), of points (N, 2) over faint real points (M, 2).

    Both axes have the same scale. Their limits depend only on the real points, so that all pictures of a dataset can be
    compared. If points lie outside, the title gives their number.

    >>> ring = data.load("ring", resolution=1)
    >>> reporting.scatter(ring.test.images[:500], real=ring.train.images).shape
    (480, 480, 3)
    """
    # The more points, the smaller they are, so that they do not merge where they are dense.
    size = float(np.clip(4000 / len(points), 3, 20))

    def draw(axes: "Axes") -> None:
        axes.scatter(*points.T, s=size, color="tab:red", alpha=0.6, linewidths=0)

    return _picture(real, points, draw)


def paths(walks: np.ndarray, real: np.ndarray) -> np.ndarray:
    """A picture of walks (R, T, 2) as lines with marked ends, in the same frame as `scatter` draws points.

    >>> real = data.load("ring", resolution=1).train.images
    >>> walk = np.linspace([-2.0, 0.0], [2.0, 0.0], 9)  # from one side of the ring to the other
    >>> reporting.paths(walk[None], real).shape
    (480, 480, 3)
    """

    def draw(axes: "Axes") -> None:
        axes.plot(*walks.transpose(2, 1, 0), color="tab:red", alpha=0.5, linewidth=0.7)
        ends = walks[:, [0, -1]].reshape(-1, 2)
        axes.scatter(*ends.T, s=10, color="tab:red", linewidths=0)

    return _picture(real, walks.reshape(-1, 2), draw)


def _picture(real: np.ndarray, points: np.ndarray, draw: Callable[["Axes"], None]) -> np.ndarray:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_SIDE / 100, _SIDE / 100), dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.08, 0.06, 0.88, 0.88))  # in the same place with and without a title
    axes.scatter(*real[:_MOST_REAL].T, s=3, color="0.75", linewidths=0)
    draw(axes)
    low, high = real.min(0), real.max(0)
    middle, reach = (low + high) / 2, 0.6 * (high - low).max()
    axes.set(xlim=(middle[0] - reach, middle[0] + reach), ylim=(middle[1] - reach, middle[1] + reach), aspect="equal")
    outside = int(np.count_nonzero(~(np.abs(points - middle) <= reach).all(1)))
    if outside:
        axes.set_title(f"{outside:,} of {len(points):,} outside", fontsize=9)
    axes.tick_params(labelsize=8)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
