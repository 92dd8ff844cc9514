"""Collective operations for a training step that runs on one or several devices.

The same step runs alone (under `jax.jit`) or once per device (under `jax.pmap` with `axis_name=AXIS`). These functions
check at trace time whether the axis is bound, so that networks and games need no argument for it.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

AXIS = "devices"

Tree = Any  # a pytree of arrays


def axis_is_bound() -> bool:
    """Whether the code being traced runs once per device, under `jax.pmap(..., axis_name=AXIS)`."""
    try:
        jax.lax.axis_size(AXIS)
    except NameError:  # the documented error of JAX for an axis that is not bound
        return False
    return True


def device_count() -> int:
    """Returns the number of devices on which the step runs."""
    return jax.lax.axis_size(AXIS) if axis_is_bound() else 1


def mean_over_devices(tree: Tree) -> Tree:
    """Returns the mean of every array of `tree` over the devices, or the tree itself on a single device.

    The arrays are joined into one vector, so that a single all-reduce is enough.

    >>> from gan_jax.common.parallel import AXIS, mean_over_devices
    >>> means = jax.vmap(mean_over_devices, axis_name=AXIS)  # pmap in the place of vmap on real devices
    >>> means(jnp.array([1.0, 2.0, 6.0])).tolist()
    [3.0, 3.0, 3.0]
    """
    if not axis_is_bound():
        return tree
    vector, restore = ravel_pytree(tree)
    return restore(jax.lax.pmean(vector, AXIS))


def gather_over_devices(tree: Tree) -> Tree:
    """Gathers the whole batch (N, ...) in order from each device's share (n, ...), for every array of `tree`."""
    if not axis_is_bound():
        return tree
    return jax.tree.map(lambda x: jax.lax.all_gather(x, AXIS, tiled=True), tree)


def local_shard(tree: Tree) -> Tree:
    """The inverse of `gather_over_devices`: returns this device's share (n, ...) of every array (N, ...)."""
    if not axis_is_bound():
        return tree

    def local(x):
        count = len(x) // jax.lax.axis_size(AXIS)
        return jax.lax.dynamic_slice_in_dim(x, jax.lax.axis_index(AXIS) * count, count)

    return jax.tree.map(local, tree)


def example_keys(key: jax.Array, count: int) -> jax.Array:
    """Returns one PRNG key, (count,), for each of this device's `count` examples.

    A key depends on the position of its example in the global batch. So random draws do not depend on the number of
    devices.

    >>> from gan_jax.common.parallel import example_keys
    >>> noise = jax.vmap(jax.random.normal)(example_keys(jax.random.key(0), 8))
    >>> bool(jnp.array_equal(noise[:4], jax.vmap(jax.random.normal)(example_keys(jax.random.key(0), 4))))
    True
    """
    first = jax.lax.axis_index(AXIS) * count if axis_is_bound() else 0
    return jax.vmap(lambda i: jax.random.fold_in(key, i))(first + jnp.arange(count))
