"""Pictures of a run: grids of images, and curves of its metrics."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from gan_jax.files import write_aside

# Smaller tiles than this are enlarged by a whole factor, pixel for pixel, to be seen.
_TILE = 32


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
    """Draws the losses and the discriminator's probabilities over the steps of `rows`, lines of metrics.jsonl."""
    from matplotlib.figure import Figure

    steps = np.array([row["step"] for row in rows])
    losses = [name for name in rows[0] if name.endswith("_loss")]
    others = [name for name in rows[0] if name not in losses and name not in ("step", "seconds", "images_per_second")]
    panels = [names for names in (losses, others) if names]
    figure = Figure(figsize=(8, 3 * len(panels)), layout="constrained")
    for i, names in enumerate(panels):
        axes = figure.add_subplot(len(panels), 1, i + 1)
        for name in names:
            values = np.array([row.get(name, np.nan) for row in rows], float)
            (line,) = axes.plot(steps, values, alpha=0.25, linewidth=0.8)
            axes.plot(steps, _smooth(values), color=line.get_color(), label=name.replace("_", " "))
        axes.legend()
        axes.grid(alpha=0.3)
        axes.set_xlabel("step")
    write_aside(path, lambda file: figure.savefig(file, format="png", dpi=100))


def _smooth(values: np.ndarray) -> np.ndarray:
    """A centred moving average over a twentieth of the run."""
    width = min(max(1, len(values) // 20), len(values)) | 1
    window = np.ones(width)
    counts = np.convolve(np.ones(len(values)), window, mode="same")
    return np.convolve(values, window, mode="same")[: len(values)] / counts[: len(values)]
