"""Many games at once: `jax.vmap` over seeds and over numeric hyperparameters.

A recipe is a pure function of its hyperparameters, and those may be traced values. So a population needs nothing from
the recipes: it is a function `build`, from one member's hyperparameters to its game, the hyperparameters of all
members, and a `State` whose every array has a first axis of members. Each member plays the game that it would play
alone, with its own key and its own batches; only the order in which sums are taken may differ.

    def build(values):
        adam = optax.adam(values["learning_rate"], b1=0.5)
        return gan(generator, discriminator, non_saturating, adam, adam)

    values = {"learning_rate": stack_values([1e-4, 2e-4, 4e-4])}
    state = init_population(build, values, stack_keys([0, 0, 0]))
    step = jax.jit(partial(population_step, build))
    for batch in batches:  # {"image": (3, B, H, W, C)}
        state, metrics = step(values, state, batch)  # {"generator_loss": (3,), ...}
    samples = jax.vmap(lambda values, networks: build(values).sample(networks, latents))(values, networks(state))
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from gan_jax.game.core import Game, Metrics, State, Tree, init_state, train_step

Values = dict[str, jax.Array]  # hyperparameters by name: (N,) of a population, () of a member
Build = Callable[[Values], Game]


def for_each_member(build: Build, function: Callable[..., Any]) -> Callable[..., Any]:
    """From `function(game, ...)` to a function (values, ...) of all members at once.

    Every array among its arguments and in what it returns has a first axis of members. `build` is traced, once: a
    recipe that branches on the value of a hyperparameter raises a `jax.errors.JAXTypeError`.
    """
    return jax.vmap(lambda values, *arguments: function(build(values), *arguments))


def init_population(build: Build, values: Values, keys: jax.Array) -> State:
    """The members' states before the first step, from one PRNG key each: keys (N,)."""
    return for_each_member(build, init_state)(values, keys)


def population_step(build: Build, values: Values, state: State, batch: Tree) -> tuple[State, Metrics]:
    """One step of every member: `train_step`, with batches (N, game.batches_per_step * B, ...) and metrics (N,)."""
    return for_each_member(build, train_step)(values, state, batch)


def stack_values(values: Sequence[float]) -> jax.Array:
    """One hyperparameter of every member, (N,). Like a Python number, it takes the precision of what it meets."""
    return jnp.stack([jnp.asarray(value) for value in values])  # jnp.array(values) would promote bfloat16 to float32


def stack_keys(seeds: Sequence[int]) -> jax.Array:
    """The PRNG keys (N,) of the runs with these seeds."""
    return jnp.stack([jax.random.key(seed) for seed in seeds])
