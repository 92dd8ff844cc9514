"""From a game to the compiled program that plays some of its steps, on one device or on all."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from gan_jax.data.transforms import batch_as_games_see, random_flip, random_jitter
from gan_jax.game import Game, Metrics, State, train_step
from gan_jax.networks.computing import computing
from gan_jax.parallel import AXIS, example_keys
from gan_jax.populations import Build, for_each_member

# An unused value of the step's key, for the augmentation.
_AUGMENTATION = 0x6175676D

# Of that key: beyond any number of a part of the batch.
_TARGETS, _JITTER = 0x74617267, 0x6A697474


class Packed(struct.PyTreeNode):
    """Metrics by name in one array, so that one transfer fetches them all: values (..., len(names)), float32."""

    values: jax.Array
    names: tuple[str, ...] = struct.field(pytree_node=False)


def pack(metrics: Metrics) -> Packed:
    return Packed(jnp.stack([jnp.asarray(value, jnp.float32) for value in metrics.values()], -1), tuple(metrics))


def unpack(packed: Packed) -> Metrics:
    return {name: packed.values[..., i] for i, name in enumerate(packed.names)}


Play = Callable[[State, Any, Any, int], tuple[State, Packed]]


def choose_steps_per_dispatch() -> int:
    """How many steps one call should play, on the backend at hand.

    A loop of steps saves the time between calls, which counts where steps are short. On CPU, XLA runs what is inside a
    loop more slowly (jax-ml/jax issue 12868), and calls overlap with the steps anyway.
    """
    return 1 if jax.default_backend() == "cpu" else 20


@cache
def fast_options() -> dict[str, str]:
    """Options to compile training programs with, on the backend at hand.

    On CPU, XLA's own convolutions are faster than those of the library that it prefers. ({} where there is no such
    choice: the option is an experimental one of XLA's.)
    """
    options = {"xla_cpu_experimental_ynn_fusion_type": ""}
    if jax.default_backend() != "cpu":
        return {}
    try:
        jax.jit(lambda: 0, compiler_options=options).lower().compile()
    except jax.errors.JaxRuntimeError:
        return {}
    return options


class Augment(NamedTuple):
    """How training images are changed at random, before any game sees them.

    flip: whether images are mirrored with probability one half. jitter: see `transforms.random_jitter`.
    paired: whether targets, where there are some, undergo what their images do; else each is changed on its own.
    """

    flip: bool = False
    jitter: bool = False
    paired: bool = True


AS_THEY_ARE = Augment()


def make_play(
    game: Game,
    *,
    chunk: int,
    devices: int,
    augment: Augment = AS_THEY_ARE,
    precision: str = "float32",
    remat: bool = False,
) -> Play:
    """The function (state, resident, items, count) -> (state, metrics) that plays `count` <= `chunk` steps.

    resident: the whole dataset on the device, {"image": (N, ...), ...} as a `Split` has it, or () where batches are
        streamed.
    items: for each of `chunk` steps, the indices (B,) of its examples in `resident`, those of unpaired targets apart
        ({"image": (B,), "target": (B,)}), or else the batch itself.
    precision, remat: see `networks.computing`.
    metrics: `unpack` makes them (chunk,) each, the first `count` of them filled.

    The program is the same for any count, so the bits do not depend on where a run was interrupted. With several
    `devices` everything but count has a leading axis of local devices. The state that goes in is used up,
    except on CPU.
    """

    def one(state: State, resident: Any, item: Any) -> tuple[State, Metrics]:
        with computing(precision, remat=remat):
            return _play_one(game, state, resident, item, augment)

    return _compiled(_in_chunks(one, chunk), devices, AXIS)


def make_population_play(
    build: Build,
    *,
    chunk: int,
    devices: int,
    augment: Augment = AS_THEY_ARE,
    precision: str = "float32",
    remat: bool = False,
) -> Play:
    """`make_play` for a population: everything has an axis of members, the datasets excepted.

    resident: (the members' hyperparameters, each (N,); the dataset, which they share).
    items: (chunk, N, B), the indices of each member's examples.
    metrics: (chunk, N) each.

    With several `devices` each plays N / devices members, alone: nothing is averaged over them.
    """

    def one(state: State, resident: Any, items: Any) -> tuple[State, Metrics]:
        values, examples = resident

        def play(game, state, item):
            return _play_one(game, state, examples, item, augment)

        with computing(precision, remat=remat):
            return for_each_member(build, play)(values, state, items)

    return _compiled(_in_chunks(one, chunk), devices, None)


def _play_one(game: Game, state: State, resident: Any, item: Any, augment: Augment) -> tuple[State, Metrics]:
    examples = batch_as_games_see(_at(resident, item) if resident else item)
    key = jax.random.fold_in(jax.random.fold_in(state.key, state.step), _AUGMENTATION)
    examples["image"] = _augmented(examples["image"], key, game, augment)
    if "target" in examples:
        target_key = key if augment.paired else jax.random.fold_in(key, _TARGETS)
        examples["target"] = _augmented(examples["target"], target_key, game, augment)
    return train_step(game, state, examples)


def _at(resident: dict[str, jax.Array], item: Any) -> dict[str, jax.Array]:
    """The examples at the indices `item`."""
    rows = item if isinstance(item, dict) else {"image": item, "target": item}
    return {name: x[rows["target" if name == "target" else "image"]] for name, x in resident.items()}


def _in_chunks(one: Callable[[State, Any, Any], tuple[State, Metrics]], chunk: int) -> Play:
    """Plays `one` step after the other, `count` of `chunk` items."""

    def packed(state: State, resident: Any, item: Any) -> tuple[State, Packed]:
        state, metrics = one(state, resident, item)
        return state, pack(metrics)

    def loop(state: State, resident: Any, items: Any, count: Any) -> tuple[State, Packed]:
        def body(i, carry):
            state, metrics = carry
            state, new = packed(state, resident, jax.tree.map(lambda x: x[i], items))
            return state, jax.tree.map(lambda all, one: all.at[i].set(one), metrics, new)

        shape = jax.eval_shape(packed, state, resident, jax.tree.map(lambda x: x[0], items))[1]
        metrics = jax.tree.map(lambda m: jnp.zeros((chunk, *m.shape), m.dtype), shape)
        return jax.lax.fori_loop(0, count, body, (state, metrics))

    def single(state: State, resident: Any, items: Any, count: Any) -> tuple[State, Packed]:
        del count
        state, metrics = packed(state, resident, jax.tree.map(lambda x: x[0], items))
        return state, jax.tree.map(lambda m: m[None], metrics)

    return single if chunk == 1 else loop


def _compiled(play: Play, devices: int, axis_name: str | None) -> Play:
    if devices == 1:
        return compiled(play)
    return jax.pmap(play, axis_name=axis_name, in_axes=(0, 0, 0, None), donate_argnums=_donated())


def compiled(play: Callable[..., Any]) -> Callable[..., Any]:
    """A function that begins with a state, compiled for training on one device. The state is used up, except on CPU."""
    return jax.jit(play, donate_argnums=_donated(), compiler_options=fast_options())


def _donated() -> tuple[int, ...]:
    # On CPU, XLA copies most of a state that is donated before it updates it: up to 16% of a step.
    return () if jax.default_backend() == "cpu" else (0,)


def run_once(function: Callable[[], Any]) -> Any:
    """What `function` returns, compiled for this one call."""
    # On CPU, where LLVM's optimizations take most of a compilation, without them.
    options = {"xla_backend_optimization_level": 0} if jax.default_backend() == "cpu" else None
    return jax.jit(function, compiler_options=options)()


def _augmented(images: jax.Array, key: jax.Array, game: Game, augment: Augment) -> jax.Array:
    parts = images.reshape(game.parts, -1, *images.shape[1:])

    def each(transform: Callable[[jax.Array, jax.Array], jax.Array], key: jax.Array) -> jax.Array:
        keys = jnp.stack([example_keys(jax.random.fold_in(key, i), parts.shape[1]) for i in range(game.parts)])
        return jax.vmap(transform)(parts, keys)

    if augment.flip:
        parts = each(random_flip, key)
    if augment.jitter:
        parts = each(random_jitter, jax.random.fold_in(key, _JITTER))
    return parts.reshape(images.shape)


def replicate(tree: Any, devices: int) -> Any:
    """`tree` with a leading axis of local devices, a copy on each; `tree` itself where there is but one."""
    if devices == 1:
        return jax.device_put(tree, jax.local_devices()[0])
    return jax.pmap(lambda tree, _: tree, in_axes=(None, 0))(tree, np.zeros(jax.local_device_count()))


def first(tree: Any, devices: int) -> Any:
    """One device's copy of what `replicate` made."""
    return tree if devices == 1 else jax.tree.map(lambda x: x.addressable_shards[0].data[0], tree)


def spread_members(tree: Any, devices: int) -> Any:
    """`tree`, whose arrays have a first axis of members (N, ...), on the local devices: (devices, N / devices, ...)."""
    if devices == 1:
        return jax.device_put(tree, jax.local_devices()[0])
    shares = jax.tree.map(lambda x: x.reshape(devices, -1, *x.shape[1:]), tree)
    return jax.pmap(lambda tree: tree)(shares)


def gather_members(tree: Any, devices: int, axis: int = 0) -> Any:
    """The inverse, for arrays on the host; `axis` is where the members are."""
    return tree if devices == 1 else jax.tree.map(lambda x: np.concatenate(list(x), axis), tree)


def spread(rows: np.ndarray, parts: int, devices: int) -> np.ndarray:
    """Each local device's share of (steps, parts * batch_size) rows: (local devices, steps, parts * share).

    Every part is cut into as many shares as there are devices, in their order, so that device d sees the examples that
    it would see of the global batch. For one device the rows themselves.
    """
    if devices == 1:
        return rows
    shares = rows.reshape(len(rows), parts, devices, -1)
    mine = [jax.devices().index(device) for device in jax.local_devices()]
    return np.stack([shares[:, :, d].reshape(len(rows), -1) for d in mine])
