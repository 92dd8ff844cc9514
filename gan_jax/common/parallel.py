"""What a step needs to know of the devices it runs on.

The same step runs alone (under `jax.jit`) or once per device (under `jax.pmap` with `axis_name=AXIS`). These functions
look at trace time whether the axis is there, so that networks and games are written once, without an argument for it.
"""

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

AXIS = "devices"


def axis_is_bound() -> bool:
    """Whether the code being traced runs once per device, under `jax.pmap(..., axis_name=AXIS)`."""
    try:
        jax.lax.axis_size(AXIS)
    except NameError:  # what jax raises, and documents, for an axis that no surrounding map names
        return False
    return True


def device_count() -> int:
    """Over how many devices the step runs."""
    return jax.lax.axis_size(AXIS) if axis_is_bound() else 1


def mean_over_devices(tree):
    """The mean of every array of `tree` over the devices; the tree itself when there is only one.

    The arrays travel as one vector: one all-reduce, however many they are.
    """
    if not axis_is_bound():
        return tree
    vector, restore = ravel_pytree(tree)
    return restore(jax.lax.pmean(vector, AXIS))


def gather_over_devices(tree):
    """Every array of `tree` (n, ...), this device's share of a batch, to that of the whole batch (N, ...), in order."""
    if not axis_is_bound():
        return tree
    return jax.tree.map(lambda x: jax.lax.all_gather(x, AXIS, tiled=True), tree)


def own_share(tree):
    """The inverse: of every array (N, ...) of the whole batch, this device's share (n, ...)."""
    if not axis_is_bound():
        return tree

    def own(x):
        count = len(x) // jax.lax.axis_size(AXIS)
        return jax.lax.dynamic_slice_in_dim(x, jax.lax.axis_index(AXIS) * count, count)

    return jax.tree.map(own, tree)


def example_keys(key: jax.Array, count: int) -> jax.Array:
    """One PRNG key for each of this device's `count` examples, shape (count,).

    Keys are numbered by the example's place in the global batch, so what they draw does not depend on how many
    devices the batch is spread over.
    """
    first = jax.lax.axis_index(AXIS) * count if axis_is_bound() else 0
    return jax.vmap(lambda i: jax.random.fold_in(key, i))(first + jnp.arange(count))
