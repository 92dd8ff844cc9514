"""Mean and covariance of features, in float64, from batches that need not be kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.common.errors import UsageError

NOT_FINITE = "features are not finite: the weights of the network that sees the images are broken"

# Rows in a block of features that are given at once.
_BLOCK = 4096


@dataclass(frozen=True)
class Moments:
    """The moments of N features of d numbers.

    count: N. mean: float64 (d,). scatter: the sum of the outer products of the differences from the mean, float64
        (d, d).
    """

    count: int
    mean: np.ndarray
    scatter: np.ndarray

    @property
    def covariance(self) -> np.ndarray:
        """The unbiased covariance, float64 (d, d)."""
        return self.scatter / (self.count - 1)


def moments_of(features: Any) -> Moments:
    """The moments of features (N, d) of any real dtype. Raises UsageError as `stream_moments` does.

    >>> from gan_jax.evaluation.metrics import moments_of
    >>> found = moments_of(np.array([[1.0, 0.0], [3.0, 4.0]]))
    >>> found.mean.tolist(), found.covariance.tolist()
    ([2.0, 2.0], [[2.0, 4.0], [4.0, 8.0]])
    """
    return stream_moments(features[i : i + _BLOCK] for i in range(0, len(features), _BLOCK))


def stream_moments(batches: Iterable[Any]) -> Moments:
    """The moments of features that come in batches (n, d) of any real dtype, on the host or on a device.

    Only one batch is held at a time. Sums are in float64, and around the mean of the first batch, so that a mean far
    from 0 costs no digits. Those of a batch on an accelerator are computed there.

    Raises UsageError for fewer than 2 features, and for features that are not finite.

    >>> from gan_jax.evaluation.metrics import stream_moments
    >>> found = stream_moments(np.full((100, 2), float(i)) for i in range(5))  # a generator, one batch at a time
    >>> found.count, found.mean.tolist()
    (500, [2.0, 2.0])
    """
    count, shift = 0, np.zeros(0)
    sums: Any = ()
    for batch in batches:
        if not count:
            shift = np.mean(np.asarray(batch, np.float64), axis=0)
        with np.errstate(invalid="ignore"):  # what is not finite is refused below
            added = _on_device(batch, shift) if _is_on_accelerator(batch) else _on_host(batch, shift)
        sums = tuple(x + y for x, y in zip(sums, added, strict=True)) if count else added
        count += len(batch)
    if count < 2:
        raise UsageError(f"moments need at least 2 rows of features, not {count}")
    first, second = (np.asarray(x) for x in sums)
    if not np.isfinite(second).all():
        raise UsageError(NOT_FINITE)
    offset = first / count
    return Moments(count, shift + offset, second - count * np.outer(offset, offset))


def _on_host(batch: Any, shift: np.ndarray) -> tuple[Any, Any]:
    """The sum of the rows of a batch, less `shift`, and the sum of their outer products."""
    centred = np.asarray(batch, np.float64) - shift
    return centred.sum(axis=0), centred.T @ centred


def _on_device(batch: Any, shift: np.ndarray) -> tuple[Any, Any]:
    with jax.enable_x64(True):
        return _sums(batch, jnp.asarray(shift))


@jax.jit
def _sums(batch: jax.Array, shift: jax.Array) -> tuple[jax.Array, jax.Array]:
    centred = batch.astype(jnp.float64) - shift
    return centred.sum(axis=0), jnp.matmul(centred.T, centred, precision=jax.lax.Precision.HIGHEST)


def _is_on_accelerator(batch: Any) -> bool:
    return isinstance(batch, jax.Array) and any(device.platform != "cpu" for device in batch.devices())
