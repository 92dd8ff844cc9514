"""Figures of samples beside the same figures of real examples."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

Examples = TypeVar("Examples")

# (count, seed) -> images uint8 (count, H, W, C) or points float32 (count, D)
Sampler = Callable[[int, int], np.ndarray]

# (count, seed) -> the classes of those samples, int (count,)
Labels = Callable[[int, int], np.ndarray]


def beside_real(figures: Callable[[Examples], Mapping[str, Any]], samples: Examples, real: Examples) -> dict[str, Any]:
    """The figures of samples by their names, and those of real examples by the same names with `_real` appended.

    figures: the function from examples to their figures by name.
    samples, real: what the figures are taken of: images or points, or the features of some.
    """
    return {**figures(samples), **{f"{name}_real": figure for name, figure in figures(real).items()}}
