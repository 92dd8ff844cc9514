"""The measures of a game during training. They always use the same held-out examples and the same key."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from gan_jax.data import Split, take
from gan_jax.data.transforms import normalize_batch
from gan_jax.game import Build, Game, Metrics, State, Values, for_each_member, networks
from gan_jax.training.placement import gather_members, unreplicate

_MAX_EXAMPLES = 512
_SEED = 0

Measure = Callable[[State], dict[str, np.ndarray]]


def make_measure(game: Game, held_out: Split, batch_size: int, devices: int) -> Measure | None:
    """Returns a function from the program's state to the measures of `game`, () each. Returns None without measures.

    The examples are the first whole batches of `held_out`, at most 512 examples but at least one batch.
    """
    if game.measures is None:
        return None
    examples = _examples(held_out, batch_size)
    program = jax.jit(lambda state, examples: _measured(game, state, examples))
    return lambda state: jax.device_get(program(unreplicate(state, devices), examples))


def make_population_measure(build: Build, values: Values, held_out: Split, batch_size: int, devices: int) -> Measure:
    """`make_measure` for a population whose game has measures, which are (N,) each.

    With several `devices`, `values` and the state are distributed by `placement.shard_members`.
    """
    examples = _examples(held_out, batch_size)

    def measure_members(values: Values, state: State, examples: Any) -> Metrics:
        return for_each_member(build, lambda game, state: _measured(game, state, examples))(values, state)

    program = jax.jit(measure_members) if devices == 1 else jax.pmap(measure_members, in_axes=(0, 0, None))
    return lambda state: gather_members(jax.device_get(program(values, state, examples)), devices)


def _examples(held_out: Split, batch_size: int) -> dict[str, np.ndarray]:
    # Discriminators that see several examples at once may need whole batches.
    count = batch_size * max(1, min(_MAX_EXAMPLES, len(held_out)) // batch_size)
    indices = np.arange(count)
    targets = None if held_out.targets is None else indices % len(held_out.targets)
    return take(held_out, indices % len(held_out), targets)


def _measured(game: Game, state: State, examples: Any) -> Metrics:
    assert game.measures is not None
    return game.measures(networks(state), normalize_batch(examples), jax.random.key(_SEED))
