"""Training many games at once: `jax.vmap` over seeds and numeric hyperparameters.

A recipe is a pure function of its hyperparameters, which may be traced values. So every recipe can be trained as a
population. A population consists of a function `build` from one member's hyperparameters to its game, the
hyperparameters of all members, and a `State` whose arrays have a first axis of members. Each member is trained as it
would be alone, with its own key and its own batches. Only the order of summation may differ.

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

Values = dict[str, jax.Array]  # hyperparameters by name: (N,) for a population, () for a member
Build = Callable[[Values], Game]


def for_each_member(build: Build, function: Callable[..., Any]) -> Callable[..., Any]:
    """Maps `function(game, ...)` to a function (values, ...) of all members at once.

    Every array in the arguments and the result has a first axis of members. `build` is traced once. A recipe that
    branches on the value of a hyperparameter raises a `jax.errors.JAXTypeError`.
    """
    return jax.vmap(lambda values, *arguments: function(build(values), *arguments))


def init_population(build: Build, values: Values, keys: jax.Array) -> State:
    """Returns the members' states before the first step. `keys` (N,) has one PRNG key for each member."""
    return for_each_member(build, init_state)(values, keys)


def population_step(build: Build, values: Values, state: State, batch: Tree) -> tuple[State, Metrics]:
    """Makes one `train_step` of every member, with batches (N, game.batches_per_step * B, ...) and metrics (N,)."""
    return for_each_member(build, train_step)(values, state, batch)


def stack_values(values: Sequence[float]) -> jax.Array:
    """Returns one hyperparameter for every member, (N,), as a weakly typed array, like Python numbers."""
    return jnp.stack([jnp.asarray(value) for value in values])  # jnp.array(values) would promote bfloat16 to float32


def stack_keys(seeds: Sequence[int]) -> jax.Array:
    """Returns the PRNG keys (N,) of the runs with these seeds."""
    return jnp.stack([jax.random.key(seed) for seed in seeds])
