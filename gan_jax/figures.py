"""Pictures of a run: grids of images, and curves of its metrics. And of a sweep: curves and results side by side."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from gan_jax.files import write_aside
from gan_jax.kinds import Kind, kind

# Smaller tiles than this are enlarged by a whole factor, pixel for pixel, to be seen.
_TILE = 32

# The kinds that share a panel of curves, from top to bottom.
_PANELS = ((Kind.LOSS,), (Kind.OUTPUT, Kind.ACCURACY), (Kind.NORM,), (Kind.OTHER,))


def grid(images: np.ndarray, columns: int | None = None) -> np.ndarray:
    """Images uint8 (N, H, W, C) side by side, row by row, with a white line between them; uint8 (rows, columns, C).

    The grid is as square as it can be unless `columns` is given; what is left of the last row is white.
    """
    count, height, width, channels = images.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    scale = max(1, _TILE // height)
    images = images.repeat(scale, 1).repeat(scale, 2)
    high, wide = height * scale + 1, width * scale + 1
    canvas = np.full((rows * high - 1, columns * wide - 1, channels), 255, np.uint8)
    for i, image in enumerate(images):
        top, left = i // columns * high, i % columns * wide
        canvas[top : top + high - 1, left : left + wide - 1] = image
    return canvas


def save_image(image: np.ndarray, path: Path) -> None:
    """Writes uint8 (H, W, 1 or 3) as a PNG file, whole or not at all."""
    picture = Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)
    write_aside(path, lambda file: picture.save(file, format="PNG"))


def save_curves(rows: Sequence[dict], path: Path) -> None:
    """Draws the metrics over the steps of `rows`, lines of metrics.jsonl, in a panel for each kind. Smoothed."""
    from matplotlib.figure import Figure

    names = [name for name in dict.fromkeys(name for row in rows for name in row) if name != "step"]
    panels = [panel for kinds in _PANELS if (panel := [name for name in names if kind(name) in kinds])]
    figure = Figure(figsize=(8, 3 * len(panels)), layout="constrained")
    for i, panel in enumerate(panels):
        axes = figure.add_subplot(len(panels), 1, i + 1)
        for name in panel:
            steps, values = np.array([(row["step"], row[name]) for row in rows if name in row], float).T
            (line,) = axes.plot(steps, values, alpha=0.25, linewidth=0.8)
            axes.plot(steps, smooth(values), color=line.get_color(), label=name.replace("_", " "))
        if kind(panel[0]) is Kind.NORM:
            axes.set_yscale("log")
        axes.legend()
        axes.grid(alpha=0.3)
        axes.set_xlabel("step")
    write_aside(path, lambda file: figure.savefig(file, format="png", dpi=100))


def smooth(values: np.ndarray) -> np.ndarray:
    """A centred moving average over a twentieth of the run."""
    width = min(max(1, len(values) // 20), len(values)) | 1
    window = np.ones(width)
    counts = np.convolve(np.ones(len(values)), window, mode="same")
    return np.convolve(values, window, mode="same")[: len(values)] / counts[: len(values)]


class Curve(NamedTuple):
    """A mean over members at `steps` (T,), and its confidence band, (T,) or None."""

    label: str
    steps: np.ndarray
    mean: np.ndarray
    low: np.ndarray | None
    high: np.ndarray | None


class Points(NamedTuple):
    """One number of each member, their mean, and its confidence interval or None."""

    label: str
    members: Sequence[float]
    mean: float
    low: float | None
    high: float | None


def save_sweep(
    curves: Mapping[str, Sequence[Curve]],
    results: Mapping[str, Sequence[Points]],
    labels: str,
    confidence: float,
    path: Path,
) -> None:
    """Draws a panel for each of `curves` and of `results`, by their titles, in the same colours.

    labels: what the labels are values of. confidence: of the bands and intervals.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(drawn.label for panel in (*curves.values(), *results.values()) for drawn in panel))
    scale = colormaps["viridis"]
    # Ordered colours, as the values are; yellow is hard to see on white.
    colour = {name: scale(0.8 * i / max(1, len(names) - 1)) for i, name in enumerate(names)}
    panels = len(curves) + len(results)
    columns = panels if panels <= 3 else 2
    rows = math.ceil(panels / columns)
    figure = Figure(figsize=(4.6 * columns, 3.8 * rows), layout="constrained")
    several = any(drawn.low is not None for panel in (*curves.values(), *results.values()) for drawn in panel)
    shown = f"mean over seeds and its {confidence:.0%} confidence interval" if several else "one seed each"
    figure.suptitle(f"{shown}; curves smoothed", fontsize=10)
    lines = {}
    for i, (title, panel) in enumerate(curves.items()):
        axes = figure.add_subplot(rows, columns, i + 1, title=title, xlabel="step")
        for curve in panel:
            (lines[curve.label],) = axes.plot(curve.steps, curve.mean, color=colour[curve.label], linewidth=1.5)
            if curve.low is not None and curve.high is not None:
                axes.fill_between(
                    curve.steps, curve.low, curve.high, color=colour[curve.label], alpha=0.18, linewidth=0
                )
        axes.grid(alpha=0.3)
    for i, (title, panel) in enumerate(results.items(), len(curves)):
        axes = figure.add_subplot(rows, columns, i + 1, title=title, xlabel=labels)
        for points in panel:
            x = names.index(points.label)
            beside = x + 0.12 + np.linspace(0, 0.2, len(points.members))  # so that equal ones are all seen
            axes.plot(beside, points.members, "o", color=colour[points.label], alpha=0.45, markersize=5)
            reach = None
            if points.low is not None and points.high is not None:
                reach = [[points.mean - points.low], [points.high - points.mean]]
            axes.errorbar(
                [x], [points.mean], reach, fmt="D", color=colour[points.label], capsize=5, markersize=6, linewidth=1.5
            )
        axes.set_xticks(
            range(len(names)), [name.replace(", ", "\n") for name in names], fontsize=10 if len(names) < 6 else 8
        )
        axes.set_xlim(-0.6, len(names) - 0.4)
        axes.grid(alpha=0.3, axis="y")
    if len(lines) > 1:
        figure.legend(
            list(lines.values()), list(lines), title=labels, loc="outside lower center", ncols=min(4, len(lines))
        )
    write_aside(path, lambda file: figure.savefig(file, format="png", dpi=100))
