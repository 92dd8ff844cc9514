"""What the figures of several claims draw."""

from typing import Any

import numpy as np


def band(ax: Any, at: Any, values: np.ndarray, label: str, *style: str) -> None:
    """The median over seeds of values (N, T) at T places, and a band from the first decile to the last."""
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9], axis=0)
    (line,) = ax.plot(at, middle, *style, label=label)
    ax.fill_between(at, low, high, color=line.get_color(), alpha=0.2)
