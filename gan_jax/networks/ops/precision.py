"""How networks compute, chosen around the call that traces them and not inside each of them.

    with computing("bfloat16"):
        state, metrics = train_step(game, state, batch)

Parameters, statistics and what a network returns are float32 all the same. Like `parallel.AXIS` it is looked up at
trace time, so it belongs inside the function that is jitted: a compiled function keeps what it was traced with.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import jax

from gan_jax.networks.ops.convolution import PRIMITIVES


@dataclass(frozen=True)
class _Computing:
    dtype: str = "float32"
    remat: bool = False


_DEFAULT = _Computing()
_computing = ContextVar("computing", default=_DEFAULT)


@contextmanager
def computing(dtype: str = "float32", *, remat: bool = False) -> Iterator[None]:
    """Layers compute in `dtype`; with `remat`, only the convolutions' outputs are kept for the gradient.

    The rest between them (normalization, activations) is computed again when the gradient needs it: less memory for
    little time.
    """
    token = _computing.set(_Computing(dtype, remat))
    try:
        yield
    finally:
        _computing.reset(token)


def cast(*arrays: jax.Array) -> list[jax.Array]:
    """The arrays in the type in which layers compute now."""
    return [x.astype(_computing.get().dtype) for x in arrays]


def remembered(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, which keeps of its forward pass what `computing` says."""
    if not _computing.get().remat:
        return function
    return jax.checkpoint(function, policy=lambda primitive, *_, **__: primitive in PRIMITIVES)
