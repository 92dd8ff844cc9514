"""The compiled program that trains a game for several steps, on one or several devices."""

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
    """The streams of random numbers for the transforms of training images. Games do not use these numbers.

    TRANSFORMS is folded into the key of the step, and the others into the key of TRANSFORMS. Numbers below 2^16 are
    reserved for the batches of a step.
    """

    TRANSFORMS = int.from_bytes(b"augm")
    TARGETS = int.from_bytes(b"targ")
    JITTER = int.from_bytes(b"jitt")


class Packed(struct.PyTreeNode):
    """Metrics in one array, values (..., len(names)), float32, so that a single transfer to the host is enough."""

    values: jax.Array
    names: tuple[str, ...] = struct.field(pytree_node=False)


def pack(metrics: Metrics) -> Packed:
    """Packs metrics into one array."""
    return Packed(jnp.stack([jnp.asarray(value, jnp.float32) for value in metrics.values()], -1), tuple(metrics))


def unpack(packed: Packed) -> Metrics:
    """The inverse of `pack`."""
    return {name: packed.values[..., i] for i, name in enumerate(packed.names)}


# (state, data, batches, count) -> (state, metrics): see `make_program`.
TrainProgram = Callable[[State, Any, Any, int], tuple[State, Packed]]


def choose_steps_per_call() -> int:
    """Chooses the number of steps in one call for the current backend.

    A loop over steps saves the time between calls, which matters for short steps. On CPU, XLA is slower inside a loop
    (jax-ml/jax issue 12868), and calls overlap with the computation anyway.
    """
    return 1 if jax.default_backend() == "cpu" else 20


@cache
def fast_options() -> dict[str, str]:
    """Returns the compiler options of training programs for the current backend.

    On CPU, XLA's own convolutions are faster than those of the library that it uses by default. The option is
    experimental. The result is {} if this version of XLA does not have it.
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
    """The random transforms of training images, which are applied before the game sees the images.

    flip: whether images are mirrored with probability one half.
    jitter: whether `transforms.random_jitter` is applied.
    paired: whether a target is transformed in the same way as its image. Otherwise each has its own random draws.
    """

    flip: bool = False
    jitter: bool = False
    paired: bool = True


NO_TRANSFORMS = Transforms()


def program_options(settings: Settings, split: Split, devices: int) -> dict[str, Any]:
    """Returns the keyword arguments of `make_program` and `make_population_program` for a run."""
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
    """Returns a function (state, data, batches, count) -> (state, metrics) that trains for `count` steps.

    data: the whole dataset on the device, {"image": (N, ...), ...} as in a `Split`, or () for streamed batches.
    batches: for each of `steps_per_call` steps, the indices (B,) of its examples in `data`. They are
        {"image": (B,), "target": (B,)} for unpaired targets. For streamed data they are the batches themselves.
    count: at most `steps_per_call`.
    precision, remat: see `networks.ops.precision`.
    metrics: `unpack` returns arrays (steps_per_call,), whose first `count` entries are filled.

    The compiled program is the same for any count, so the bits of a run do not depend on interruptions. With several
    `devices`, everything except count has a leading axis of local devices. The input state is donated, except on CPU.
    """

    def one_step(state: State, data: Any, batch: Any) -> tuple[State, Metrics]:
        with computing(precision, remat=remat):
            return _step(game, state, data, batch, transforms)

    return _compiled(_repeat_steps(one_step, steps_per_call), devices, AXIS)


def make_population_program(
    build: Build,
    *,
    steps_per_call: int,
    devices: int,
    transforms: Transforms = NO_TRANSFORMS,
    precision: str = "float32",
    remat: bool = False,
) -> TrainProgram:
    """`make_program` for a population. Everything except the dataset has an axis of members.

    data: (the members' hyperparameters, each (N,), the dataset, which all members share).
    batches: the indices of each member's examples, (steps_per_call, N, B).
    metrics: (steps_per_call, N) each.

    With several `devices`, each trains N / devices members without communication.
    """

    def one_step(state: State, data: Any, batches: Any) -> tuple[State, Metrics]:
        values, examples = data

        def step(game, state, batch):
            return _step(game, state, examples, batch, transforms)

        with computing(precision, remat=remat):
            return for_each_member(build, step)(values, state, batches)

    return _compiled(_repeat_steps(one_step, steps_per_call), devices, None)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiles a training function for one device. Its first argument, the state, is donated, except on CPU."""
    return jax.jit(function, donate_argnums=_donated(), compiler_options=fast_options())


def run_once(function: Callable[[], Any]) -> Any:
    """Compiles `function` for a single call, and returns its result."""
    # On CPU, LLVM's optimizations take most of the compilation time, so they are turned off.
    options = {"xla_backend_optimization_level": 0} if jax.default_backend() == "cpu" else None
    return jax.jit(function, compiler_options=options)()


def _step(game: Game, state: State, data: Any, batch: Any, transforms: Transforms) -> tuple[State, Metrics]:
    """Makes one training step on the examples of `data` at the indices `batch`, or on the streamed `batch` itself."""
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


def _repeat_steps(one_step: Callable[[State, Any, Any], tuple[State, Metrics]], steps_per_call: int) -> TrainProgram:
    """Returns a function that repeats `one_step` for the first `count` of `steps_per_call` batches."""

    def packed(state: State, data: Any, batch: Any) -> tuple[State, Packed]:
        state, metrics = one_step(state, data, batch)
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
    # On CPU, XLA copies most of a donated state before it updates it, which takes up to 16% of a step.
    return () if jax.default_backend() == "cpu" else (0,)
