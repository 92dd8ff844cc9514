"""Checks of hyperparameters when a game is built.

In a population, a hyperparameter is a traced value. It passes all checks, since its value is not known.
"""

import math
from typing import Any

from jax.core import Tracer


def at_least(low: float, name: str, value: Any) -> None:
    """Raises ValueError unless the number `value`, called `name`, is finite and at least `low`."""
    if not isinstance(value, Tracer) and not (math.isfinite(value) and value >= low):
        raise ValueError(f"{name} must be at least {low}, not {value}")


def probability(name: str, value: Any) -> None:
    """Raises ValueError unless the number `value`, called `name`, is in [0, 1]."""
    if not isinstance(value, Tracer) and not 0 <= value <= 1:
        raise ValueError(f"{name} must be a probability in [0, 1], not {value}")


def finite(name: str, value: Any) -> None:
    """Raises ValueError unless the number `value`, called `name`, is finite."""
    if not isinstance(value, Tracer) and not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, not {value}")


def decay_rate(name: str, value: Any) -> None:
    """Raises ValueError unless the number `value`, called `name`, is in [0, 1). It is the decay of a moving average."""
    if not isinstance(value, Tracer) and not 0 <= value < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, not {value}")
