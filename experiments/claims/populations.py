"""Many seeds of a game at once, on points that are drawn on the device."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.data.sources.mixtures import RING
from gan_jax.game import Game, Metrics, State, Values, for_each_member, init_population, stack_keys, train_step

Draw = Callable[[jax.Array, int], jax.Array]
Look = Callable[[Game, State, Metrics], dict[str, jax.Array]]


def ring_points(key: jax.Array, count: int) -> jax.Array:
    """Points (count, 2) of the ring of 8 Gaussians."""
    mode_key, noise_key = jax.random.split(key)
    modes = jax.random.randint(mode_key, (count,), 0, len(RING.means))
    return jnp.asarray(RING.means)[modes] + RING.deviation * jax.random.normal(noise_key, (count, 2))


def train(
    build: Callable[[Values], Game],
    seeds: Sequence[int],
    steps: int,
    look: Look,
    *,
    records: int = 1,
    values: Values | None = None,
    draw: Draw = ring_points,
    batch: int = 128,
) -> dict[str, np.ndarray]:
    """Trains one member for each seed, and looks at it `records` times, after equal numbers of steps.

    build: from a member's values to its game, as `game.populations` takes it. look: (game, state, metrics) -> arrays by
    name. values: (N,) each, in addition to the seeds. Returns what was seen, (N, records, ...) each.
    """
    values = values or {"none": jnp.zeros(len(seeds))}

    def member(game: Game, state: State) -> dict[str, jax.Array]:
        def step(state: State) -> tuple[State, Metrics]:
            points = draw(jax.random.fold_in(state.key, ~state.step), batch * game.batches_per_step)
            return train_step(game, state, {"image": points})

        def record(state: State, _: Any) -> tuple[State, dict[str, jax.Array]]:
            state = jax.lax.fori_loop(0, steps // records - 1, lambda _, state: step(state)[0], state)
            state, metrics = step(state)
            return state, look(game, state, metrics)

        return jax.lax.scan(record, state, length=records)[1]

    states = init_population(build, values, stack_keys(seeds))
    return jax.device_get(jax.jit(for_each_member(build, member))(values, states))
