"""The precision in which networks compute, and rematerialization. A context sets both for all networks inside it.

    with computing("bfloat16"):
        state, metrics = train_step(game, state, batch)

Parameters, statistics and the outputs of networks are float32 in any case. Like `parallel.AXIS`, the setting is read at
trace time, so the context belongs inside the jitted function: a compiled function keeps the setting of its trace.
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
    """Makes layers compute in `dtype`. With `remat`, only the outputs of convolutions are kept for the gradient.

    The layers between them (normalization, activations) are recomputed when the gradient needs them. This saves memory
    and costs little time.
    """
    token = _computing.set(_Computing(dtype, remat))
    try:
        yield
    finally:
        _computing.reset(token)


def cast(*arrays: jax.Array) -> list[jax.Array]:
    """Casts arrays to the current dtype of `computing`."""
    return [x.astype(_computing.get().dtype) for x in arrays]


def with_remat(function: Callable[..., Any]) -> Callable[..., Any]:
    """Returns `function`, rematerialized in its gradient if `computing` asks for it."""
    if not _computing.get().remat:
        return function
    return jax.checkpoint(function, policy=lambda primitive, *_, **__: primitive in PRIMITIVES)
