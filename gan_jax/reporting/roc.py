"""Pictures of receiver operating characteristics."""

from collections.abc import Mapping

import numpy as np


def roc_curves(curves: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """A picture, uint8 (420, 480, 3), of ROC curves by name: false positive rates (N,) and true positive rates (N,).

    The first curve is drawn thicker than the others.

    >>> from sklearn.metrics import roc_curve
    >>> false, true, _ = roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.3, 0.9])
    >>> reporting.roc_curves({"scores": (false, true)}).shape
    (420, 480, 3)
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.8, 4.2), dpi=100, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for number, (name, (false, true)) in enumerate(curves.items()):
        axes.plot(false, true, label=name, linewidth=1.2 if number else 2.5, zorder=len(curves) - number + 2)
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=0.8, linestyle="--")
    axes.set(xlim=(0, 1), ylim=(0, 1.005), xlabel="share of normal examples that are called anomalies")
    axes.set_ylabel("share of anomalies that are found")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize=8)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
