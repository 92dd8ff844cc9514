"""What a game measures while it trains: its `measures`, always on the same held-out examples and with the same key."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from gan_jax.data import Split, take
from gan_jax.data.transforms import normalize_batch
from gan_jax.game import Build, Game, Metrics, State, Values, for_each_member, networks
from gan_jax.training.placement import gather_members, unreplicate

_MOST_EXAMPLES = 512
_SEED = 0

Measure = Callable[[State], dict[str, np.ndarray]]


def make_measure(game: Game, held_out: Split, batch_size: int, devices: int) -> Measure | None:
    """The function from the state, as the program has it, to what `game` measures, () each; None if that is nothing.

    The examples are the first of `held_out`: as many batches as make 512 or less, but one at least.
    """
    if game.measures is None:
        return None
    examples = _examples(held_out, batch_size)
    program = jax.jit(lambda state, examples: _measured(game, state, examples))
    return lambda state: jax.device_get(program(unreplicate(state, devices), examples))


def make_population_measure(build: Build, values: Values, held_out: Split, batch_size: int, devices: int) -> Measure:
    """`make_measure` for a population whose game measures something: (N,) each.

    With several `devices`, `values` and the state are as `placement.shard_members` makes them.
    """
    examples = _examples(held_out, batch_size)

    def of_all(values: Values, state: State, examples: Any) -> Metrics:
        return for_each_member(build, lambda game, state: _measured(game, state, examples))(values, state)

    program = jax.jit(of_all) if devices == 1 else jax.pmap(of_all, in_axes=(0, 0, None))
    return lambda state: gather_members(jax.device_get(program(values, state, examples)), devices)


def _examples(held_out: Split, batch_size: int) -> dict[str, np.ndarray]:
    # Whole batches, which a discriminator that sees several examples at once may count on.
    count = batch_size * max(1, min(_MOST_EXAMPLES, len(held_out)) // batch_size)
    places = np.arange(count)
    targets = None if held_out.targets is None else places % len(held_out.targets)
    return take(held_out, places % len(held_out), targets)


def _measured(game: Game, state: State, examples: Any) -> Metrics:
    assert game.measures is not None
    return game.measures(networks(state), normalize_batch(examples), jax.random.key(_SEED))
