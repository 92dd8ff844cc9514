"""Training in memory, for notebooks and scripts: no run folder, no experiment file, and the same numbers."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from gan_jax.data import Split
from gan_jax.game import Build, Game, State, Values, init_population, init_state, stack_keys
from gan_jax.training.batches import device_data, feed, feed_members
from gan_jax.training.loop import BoundProgram
from gan_jax.training.placement import replicate, unreplicate
from gan_jax.training.program import (
    Packed,
    choose_steps_per_call,
    make_population_program,
    make_program,
    run_once,
    unpack,
)

History = dict[str, np.ndarray]

# Calls that are under way at once. Virtual devices of a CPU can lock each other out if there are hundreds.
_IN_FLIGHT = 8


def play(
    game: Game,
    split: Split,
    steps: int,
    *,
    batch_size: int = 64,
    seed: int = 0,
    state: State | None = None,
) -> tuple[State, History]:
    """Trains a game on a split for so many steps. Returns its state, and the metrics of every step, (steps,) each.

    seed: of the first state and of the order of the examples. A run of `gan-jax train` with this seed and batch size
        has the same bits.
    state: what `play` returned before, to go on from there. By default the game begins.

    All local devices share each batch, as in a run. Raises ValueError if they cannot, and for a conditional game if
    labels are hidden.

    >>> from gan_jax.networks import mlp
    >>> from gan_jax.training.play import play
    >>> networks, sgd = (mlp.Generator(hidden=(4,)), mlp.Discriminator(hidden=(4,))), optax.sgd(0.01)
    >>> gan = recipes.gan(*networks, objectives.hinge, sgd, sgd)
    >>> state, history = play(gan, data.load("ring", resolution=1).train, 20)
    >>> int(state.step), history["generator_loss"].shape
    (20, (20,))
    >>> points = inference.sample_images(gan, game.networks(state), 64, seed=1)
    """
    devices = jax.local_device_count()
    if batch_size % devices:
        raise ValueError(f"batches of {batch_size} cannot be spread evenly over {devices} devices")
    _check_labels(game, split)
    begun = run_once(lambda: init_state(game, jax.random.key(seed))) if state is None else state
    start, many = int(begun.step), choose_steps_per_call() if split.in_memory else 1
    feeding = feed(
        split,
        seed=seed,
        batch_size=batch_size,
        batches_per_step=game.batches_per_step,
        steps_per_call=many,
        start=start,
        devices=devices,
    )
    with feeding as batches:
        compiled = make_program(game, steps_per_call=many, devices=devices)
        program = BoundProgram(compiled, device_data(split, devices), batches, many)
        trained, calls = _repeat(program, replicate(begun, devices), start, start + steps)
    return unreplicate(trained, devices), _history([unreplicate(call, devices) for call in calls], steps)


def play_population(
    build: Build,
    values: Values,
    seeds: Sequence[int],
    split: Split,
    steps: int,
    *,
    batch_size: int = 64,
    states: State | None = None,
) -> tuple[State, History]:
    """Trains a member for each seed at once. Returns their states, and the metrics of every step, (steps, N) each.

    build, values: the game as a function of a member's hyperparameters, and these, (N,) each: see `game.populations`.
        With {} the members differ in their seeds alone.
    split: in memory. Each member has its own order of the examples, by its seed.
    states: what `play_population` returned before, to go on from there. By default the games begin.

    Raises ValueError if games are conditional and labels are hidden.

    >>> from gan_jax.training.play import play_population
    >>> def build(values):  # a player alone, who learns the mean of the points from (1, 1) on
    ...     def distance(params, state, batch, key):
    ...         return jnp.mean(jnp.square(params["learner"]["mean"] - batch["image"])), game.Outcome({}, {})
    ...     learner = game.Player("learner", distance, optax.sgd(values["rate"]))
    ...     return game.Game((learner,), init=lambda key: ({"learner": {"params": {"mean": jnp.ones(2)}}}, {}))
    >>> ring, rates = data.load("ring", resolution=1).train, {"rate": game.stack_values([0.0, 0.01, 0.1])}
    >>> states, history = play_population(build, rates, [0, 0, 0], ring, 20)
    >>> history["learner_loss"].shape, np.argsort(history["learner_loss"][-1]).tolist()  # the highest rate is best
    ((20, 3), [2, 1, 0])
    """
    many = choose_steps_per_call()
    first = build({name: x[0] for name, x in values.items()})
    _check_labels(first, split)
    begun = run_once(lambda: init_population(build, values, stack_keys(seeds))) if states is None else states
    start = int(begun.step[0])
    batches = feed_members(
        split,
        seeds=seeds,
        batch_size=batch_size,
        batches_per_step=first.batches_per_step,
        steps_per_call=many,
        devices=1,
    )
    compiled = make_population_program(build, steps_per_call=many, devices=1)
    program = BoundProgram(compiled, (values, device_data(split, 1)), batches, many)
    trained, calls = _repeat(program, begun, start, start + steps)
    return trained, _history(calls, steps)


def _check_labels(game: Game, split: Split) -> None:
    if game.classes is not None and split.labels is not None and (split.labels < 0).any():
        raise ValueError("a conditional game needs the label of every example, and some are hidden")


def _repeat(program: BoundProgram, state: State, start: int, end: int) -> tuple[State, list[Packed]]:
    calls = []
    for step in range(start, end, program.steps_per_call):
        state, metrics = program(state, step, min(program.steps_per_call, end - step))
        calls.append(metrics)
        if len(calls) > _IN_FLIGHT:
            jax.block_until_ready(calls[-_IN_FLIGHT])
    return state, calls


def _history(calls: Sequence[Any], steps: int) -> History:
    """The metrics of all calls, of which the last one may have been for fewer steps than it has room for."""
    parts = [unpack(call) for call in jax.device_get(list(calls))]
    return {name: np.concatenate([part[name] for part in parts])[:steps] for name in parts[0]} if parts else {}
