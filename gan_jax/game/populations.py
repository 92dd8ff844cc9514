"""Training many games at once: `jax.vmap` over seeds and numeric hyperparameters.

A recipe is a pure function of its hyperparameters, which may be traced values. So every recipe can be trained as a
population. A population consists of a function `build` from one member's hyperparameters to its game, the
hyperparameters of all members, and a `State` whose arrays have a first axis of members. Each member is trained as it
would be alone, with its own key and its own batches. Only the order of summation may differ.

>>> from functools import partial
>>> from gan_jax.networks import mlp
>>> def build(values):
...     adam = optax.adam(values["learning_rate"], b1=0.5)
...     return recipes.gan(mlp.Generator(2, (4,)), mlp.Discriminator((4,)), objectives.non_saturating, adam, adam)
>>> values = {"learning_rate": game.stack_values([1e-4, 2e-4, 4e-4])}
>>> init, step = (jax.jit(partial(each, build)) for each in (game.init_population, game.population_step))
>>> def train(values, keys, batches):
...     state = init(values, keys)
...     for batch in batches:  # {"image": (3, B, D)}
...         state, metrics = step(values, state, batch)  # {"generator_loss": (3,), ...}
...     return game.networks(state)
>>> trained = jax.eval_shape(train, values, game.stack_keys([0, 0, 0]), [{"image": jnp.ones((3, 8, 2))}] * 2)
>>> draw = game.for_each_member(build, lambda gan, networks: gan.sample(networks, gan.latents(jax.random.key(1), 5)))
>>> jax.eval_shape(draw, values, trained).shape
(3, 5, 2)
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

    >>> def build(values):
    ...     return analysis.bilinear(optax.sgd(values["learning_rate"]))
    >>> values = {"learning_rate": game.stack_values([0.1, 0.2])}
    >>> state = game.init_population(build, values, game.stack_keys([0, 1]))
    >>> played = game.for_each_member(build, lambda member, state: analysis.play(member, state, 3)[1])(values, state)
    >>> played["x"].shape  # of both members, before and after each of 3 steps
    (2, 4)
    """
    return jax.vmap(lambda values, *arguments: function(build(values), *arguments))


def init_population(build: Build, values: Values, keys: jax.Array) -> State:
    """Returns the members' states before the first step. `keys` (N,) has one PRNG key for each member.

    >>> def build(values):
    ...     return analysis.bilinear(optax.sgd(values["learning_rate"]))
    >>> values = {"learning_rate": game.stack_values([0.1, 0.2])}
    >>> state = game.init_population(build, values, game.stack_keys([0, 1]))
    >>> state.params["x"].shape, state.key.shape
    ((2,), (2,))
    """
    return for_each_member(build, init_state)(values, keys)


def population_step(build: Build, values: Values, state: State, batch: Tree) -> tuple[State, Metrics]:
    """Makes one `train_step` of every member, with batches (N, game.batches_per_step * B, ...) and metrics (N,).

    >>> def build(values):
    ...     return analysis.bilinear(optax.sgd(values["learning_rate"]))
    >>> values = {"learning_rate": game.stack_values([0.1, 0.2])}
    >>> state = game.init_population(build, values, game.stack_keys([0, 1]))
    >>> state, metrics = game.population_step(build, values, state, batch=())
    >>> [round(float(x), 4) for x in state.params["x"]]  # 1 - h (1 + h)
    [0.89, 0.76]
    """
    return for_each_member(build, train_step)(values, state, batch)


def stack_values(values: Sequence[float]) -> jax.Array:
    """Returns one hyperparameter for every member, (N,), as a weakly typed array, like Python numbers.

    >>> values = {"learning_rate": game.stack_values([1e-4, 2e-4, 4e-4]), "b1": game.stack_values([0.0, 0.5, 0.5])}
    >>> values["learning_rate"].shape, values["b1"].weak_type
    ((3,), True)
    """
    return jnp.stack([jnp.asarray(value) for value in values])  # jnp.array(values) would promote bfloat16 to float32


def stack_keys(seeds: Sequence[int]) -> jax.Array:
    """Returns the PRNG keys (N,) of the runs with these seeds.

    >>> keys = game.stack_keys([0, 1, 2])
    >>> keys.shape, bool(keys[2] == jax.random.key(2))
    ((3,), True)
    """
    return jnp.stack([jax.random.key(seed) for seed in seeds])
