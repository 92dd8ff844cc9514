"""From a game to the compiled program that trains it for some steps, on one device or on all."""

from collections.abc import Callable
from enum import IntEnum
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import struct

from gan_jax.common.parallel import AXIS, example_keys
from gan_jax.data import Split
from gan_jax.data.transforms import normalize_batch, random_flip, random_jitter
from gan_jax.game import Build, Game, Metrics, State, for_each_member, train_step
from gan_jax.networks.ops import computing
from gan_jax.training.settings import Settings


class Stream(IntEnum):
    """The streams of random numbers of the transforms of training images, with numbers that no game uses.

    TRANSFORMS is folded into the step's key, the others into the key of that stream. Numbers below 2^16 are those of
    the step's batches.
    """

    TRANSFORMS = int.from_bytes(b"augm")
    TARGETS = int.from_bytes(b"targ")
    JITTER = int.from_bytes(b"jitt")


class Packed(struct.PyTreeNode):
    """Metrics by name in one array, so that one transfer fetches them all: values (..., len(names)), float32."""

    values: jax.Array
    names: tuple[str, ...] = struct.field(pytree_node=False)


def pack(metrics: Metrics) -> Packed:
    return Packed(jnp.stack([jnp.asarray(value, jnp.float32) for value in metrics.values()], -1), tuple(metrics))


def unpack(packed: Packed) -> Metrics:
    return {name: packed.values[..., i] for i, name in enumerate(packed.names)}


# (state, data, batches, count) -> (state, metrics): see `make_program`.
TrainProgram = Callable[[State, Any, Any, int], tuple[State, Packed]]


def choose_steps_per_call() -> int:
    """How many steps one call should train for, on the backend at hand.

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


class Transforms(NamedTuple):
    """How training images are changed at random, before any game sees them.

    flip: whether images are mirrored with probability one half. jitter: see `transforms.random_jitter`.
    paired: whether targets, where there are some, are changed as their images are; else each is changed on its own.
    """

    flip: bool = False
    jitter: bool = False
    paired: bool = True


NO_TRANSFORMS = Transforms()


def program_options(settings: Settings, split: Split, devices: int) -> dict[str, Any]:
    """What `make_program` and `make_population_program` take, from a run's settings and its training data."""
    steps_per_call = settings.steps_per_call or choose_steps_per_call()
    return {
        "steps_per_call": steps_per_call if split.in_memory else 1,
        "devices": devices,
        "transforms": Transforms(settings.flip, settings.jitter, split.paired),
        "precision": settings.precision,
        "remat": settings.remat,
    }


def make_program(
    game: Game,
    *,
    steps_per_call: int,
    devices: int,
    transforms: Transforms = NO_TRANSFORMS,
    precision: str = "float32",
    remat: bool = False,
) -> TrainProgram:
    """The function (state, data, batches, count) -> (state, metrics) that trains for `count` <= `steps_per_call` steps.

    data: the whole dataset on the device, {"image": (N, ...), ...} as a `Split` has it, or () where batches are
        streamed.
    batches: for each of `steps_per_call` steps, the indices (B,) of its examples in `data`, those of unpaired targets
        apart ({"image": (B,), "target": (B,)}), or else the batch itself.
    precision, remat: see `networks.ops.precision`.
    metrics: `unpack` makes them (steps_per_call,) each, the first `count` of them filled.

    The program is the same for any count, so the bits do not depend on where a run was interrupted. With several
    `devices` everything but count has a leading axis of local devices. The state that goes in is used up,
    except on CPU.
    """

    def one(state: State, data: Any, batch: Any) -> tuple[State, Metrics]:
        with computing(precision, remat=remat):
            return _step(game, state, data, batch, transforms)

    return _compiled(_several(one, steps_per_call), devices, AXIS)


def make_population_program(
    build: Build,
    *,
    steps_per_call: int,
    devices: int,
    transforms: Transforms = NO_TRANSFORMS,
    precision: str = "float32",
    remat: bool = False,
) -> TrainProgram:
    """`make_program` for a population: everything has an axis of members, the datasets excepted.

    data: (the members' hyperparameters, each (N,); the dataset, which they share).
    batches: (steps_per_call, N, B), the indices of each member's examples.
    metrics: (steps_per_call, N) each.

    With several `devices` each trains N / devices members, alone: nothing is averaged over them.
    """

    def one(state: State, data: Any, batches: Any) -> tuple[State, Metrics]:
        values, examples = data

        def step(game, state, batch):
            return _step(game, state, examples, batch, transforms)

        with computing(precision, remat=remat):
            return for_each_member(build, step)(values, state, batches)

    return _compiled(_several(one, steps_per_call), devices, None)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that begins with a state, compiled for training on one device. The state is used up, except on CPU."""
    return jax.jit(function, donate_argnums=_donated(), compiler_options=fast_options())


def run_once(function: Callable[[], Any]) -> Any:
    """What `function` returns, compiled for this one call."""
    # On CPU, where LLVM's optimizations take most of a compilation, without them.
    options = {"xla_backend_optimization_level": 0} if jax.default_backend() == "cpu" else None
    return jax.jit(function, compiler_options=options)()


def _step(game: Game, state: State, data: Any, batch: Any, transforms: Transforms) -> tuple[State, Metrics]:
    """One training step on the examples of `data` that `batch` names, or on `batch` itself."""
    examples = normalize_batch(_examples_at(data, batch) if data else batch)
    key = jax.random.fold_in(jax.random.fold_in(state.key, state.step), Stream.TRANSFORMS)
    examples["image"] = _transformed(examples["image"], key, game, transforms)
    if "target" in examples:
        target_key = key if transforms.paired else jax.random.fold_in(key, Stream.TARGETS)
        examples["target"] = _transformed(examples["target"], target_key, game, transforms)
    return train_step(game, state, examples)


def _examples_at(data: dict[str, jax.Array], indices: Any) -> dict[str, jax.Array]:
    rows = indices if isinstance(indices, dict) else {"image": indices, "target": indices}
    return {name: x[rows["target" if name == "target" else "image"]] for name, x in data.items()}


def _transformed(images: jax.Array, key: jax.Array, game: Game, transforms: Transforms) -> jax.Array:
    batches = images.reshape(game.batches_per_step, -1, *images.shape[1:])

    def each(transform: Callable[[jax.Array, jax.Array], jax.Array], key: jax.Array) -> jax.Array:
        count = batches.shape[1]
        keys = jnp.stack([example_keys(jax.random.fold_in(key, i), count) for i in range(game.batches_per_step)])
        return jax.vmap(transform)(batches, keys)

    if transforms.flip:
        batches = each(random_flip, key)
    if transforms.jitter:
        batches = each(random_jitter, jax.random.fold_in(key, Stream.JITTER))
    return batches.reshape(images.shape)


def _several(one: Callable[[State, Any, Any], tuple[State, Metrics]], steps_per_call: int) -> TrainProgram:
    """`one` step after the other, `count` of `steps_per_call` batches."""

    def packed(state: State, data: Any, batch: Any) -> tuple[State, Packed]:
        state, metrics = one(state, data, batch)
        return state, pack(metrics)

    def loop(state: State, data: Any, batches: Any, count: Any) -> tuple[State, Packed]:
        def body(i, carry):
            state, metrics = carry
            state, new = packed(state, data, jax.tree.map(lambda x: x[i], batches))
            return state, jax.tree.map(lambda all, one: all.at[i].set(one), metrics, new)

        shape = jax.eval_shape(packed, state, data, jax.tree.map(lambda x: x[0], batches))[1]
        metrics = jax.tree.map(lambda m: jnp.zeros((steps_per_call, *m.shape), m.dtype), shape)
        return jax.lax.fori_loop(0, count, body, (state, metrics))

    def single(state: State, data: Any, batches: Any, count: Any) -> tuple[State, Packed]:
        del count
        state, metrics = packed(state, data, jax.tree.map(lambda x: x[0], batches))
        return state, jax.tree.map(lambda m: m[None], metrics)

    return single if steps_per_call == 1 else loop


def _compiled(program: TrainProgram, devices: int, axis_name: str | None) -> TrainProgram:
    if devices == 1:
        return compiled(program)
    return jax.pmap(program, axis_name=axis_name, in_axes=(0, 0, 0, None), donate_argnums=_donated())


def _donated() -> tuple[int, ...]:
    # On CPU, XLA copies most of a state that is donated before it updates it: up to 16% of a step.
    return () if jax.default_backend() == "cpu" else (0,)
