"""Plots of the vector fields of games, drawn on axes of matplotlib."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Limits = tuple[tuple[float, float], tuple[float, float]]

_CELLS = 15


def plot_field(
    axes: "Axes",
    push: Callable[[np.ndarray], np.ndarray],
    limits: Limits,
    walks: Mapping[str, np.ndarray] | None = None,
) -> None:
    """Draws arrows that say where a game of two numbers is pushed, and how it is played, as lines.

    push: from places (N, 2) to directions (N, 2), which is minus the vector field. Arrows say the direction and, by
        their darkness, the strength.
    limits: the least and the greatest value on each axis.
    walks: places (T, 2) over time, by what they are called in the legend. A dot marks where each starts.

    >>> from matplotlib.figure import Figure
    >>> axes, angles = Figure().add_subplot(), np.linspace(0, np.pi, 20)
    >>> walk = np.stack([np.cos(angles), np.sin(angles)], 1)
    >>> push = np.array([[0, 1], [-1, 0]])  # of min max x y: x is pushed along -y, and y along x
    >>> reporting.plot_field(axes, lambda places: places @ push, ((-2, 2), (-2, 2)), {"continuous": walk})
    >>> axes.figure.savefig("field.png")
    """
    grids = np.meshgrid(*(np.linspace(*limit, _CELLS) for limit in limits))
    places = np.stack([grid.ravel() for grid in grids], -1)
    directions = np.asarray(push(places))
    strengths = np.hypot(*directions.T)
    unit = directions / np.maximum(strengths, 1e-12)[:, None]
    axes.quiver(*places.T, *unit.T, strengths, cmap="Greys", clim=(-strengths.max(), strengths.max()), pivot="mid")
    for name, walk in (walks or {}).items():
        (line,) = axes.plot(*walk.T, linewidth=1.2, label=name)
        axes.plot(*walk[0], "o", color=line.get_color(), markersize=4)
    axes.set(xlim=limits[0], ylim=limits[1])
    if walks:
        axes.legend(fontsize="small")


def plot_path_angles(axes: "Axes", places: np.ndarray, cosines: np.ndarray, norms: np.ndarray) -> None:
    """Draws the cosine of the path angle, and on a second axis the norm of the field, (T,) each, over places (T,).

    >>> from matplotlib.figure import Figure
    >>> axes, places = Figure().add_subplot(), np.linspace(-0.5, 1.5, 50)
    >>> reporting.plot_path_angles(axes, places, cosines=np.tanh(5 * (places - 1)), norms=np.abs(places - 1))
    >>> axes.figure.savefig("path_angles.png")
    """
    axes.plot(places, cosines, color="tab:blue")
    axes.axhline(0, color="0.8", linewidth=0.8)
    axes.axvline(1, color="0.8", linewidth=0.8)
    axes.set(ylim=(-1.05, 1.05), xlabel="place between the checkpoints, the second one at 1")
    axes.set_ylabel("cosine of the path angle", color="tab:blue")
    other = axes.twinx()
    other.plot(places, norms, color="tab:orange")
    other.set_ylim(bottom=0)
    other.set_ylabel("norm of the field", color="tab:orange")


def plot_eigenvalues(axes: "Axes", values: Mapping[str, np.ndarray]) -> None:
    """Draws eigenvalues, complex (N,), by what they are called, as dots in the complex plane.

    To the right of 0 lies attraction, and far from the real axis rotation.

    >>> from matplotlib.figure import Figure
    >>> axes = Figure().add_subplot()
    >>> rotation, attraction = (np.linalg.eigvals(matrix) for matrix in ([[0, 1], [-1, 0]], [[2, 0], [0, 1]]))
    >>> reporting.plot_eigenvalues(axes, {"rotation": rotation, "attraction": attraction})
    >>> axes.get_legend_handles_labels()[1]
    ['rotation', 'attraction']
    """
    for name, each in values.items():
        axes.plot(np.real(each), np.imag(each), "o", markersize=4, alpha=0.7, label=name)
    axes.axhline(0, color="0.8", linewidth=0.8)
    axes.axvline(0, color="0.8", linewidth=0.8)
    axes.set(xlabel="real part", ylabel="imaginary part")
    axes.legend(fontsize="small")
