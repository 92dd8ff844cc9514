"""Every seed at every one of some learning rates."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from digit_models import frechet_ratio, sizes, train_digits

from gan_jax.game import Game, Values


def each_rate(seeds: Sequence[int], rates: Sequence[float]) -> tuple[list[int], Values]:
    """The seeds of the N R members, and their rates. What is measured of them has the shape (N R, ...)."""
    return np.repeat(seeds, len(rates)).tolist(), {"rate": jnp.tile(jnp.array(rates), len(seeds))}


def frechet_by_rate(
    build: Callable[[jax.Array], Game], seeds: Sequence[int], rates: Sequence[float], steps: int, quick: bool
) -> np.ndarray:
    """The Fréchet distances of games of digits, in times real, (N, R). build: a rate -> the game."""
    members, values = each_rate(seeds, rates)
    made = train_digits(lambda values: build(values["rate"]), members, *sizes(steps, quick), values)
    return frechet_ratio(made).reshape(len(seeds), len(rates))
