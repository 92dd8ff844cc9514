"""Where arrays lie: copies of a tree on every device, shares of a batch, and the members of a population."""

from typing import Any

import jax
import numpy as np


def replicate(tree: Any, devices: int) -> Any:
    """`tree` with a leading axis of local devices, a copy on each; `tree` itself where there is only one."""
    if devices == 1:
        return jax.device_put(tree, jax.local_devices()[0])
    return jax.pmap(lambda tree, _: tree, in_axes=(None, 0))(tree, np.zeros(jax.local_device_count()))


def unreplicate(tree: Any, devices: int) -> Any:
    """One device's copy of what `replicate` made."""
    return tree if devices == 1 else jax.tree.map(lambda x: x.addressable_shards[0].data[0], tree)


def shard(rows: np.ndarray, batches_per_step: int, devices: int) -> np.ndarray:
    """Each local device's share of (steps, batches_per_step * batch_size) rows: (local devices, steps, share).

    Every batch is cut into as many shares as there are devices, in their order, so that device d sees the examples that
    it would see of the global batch. For one device the rows themselves.
    """
    if devices == 1:
        return rows
    shares = rows.reshape(len(rows), batches_per_step, devices, -1)
    mine = [jax.devices().index(device) for device in jax.local_devices()]
    return np.stack([shares[:, :, d].reshape(len(rows), -1) for d in mine])


def shard_members(tree: Any, devices: int) -> Any:
    """`tree`, whose arrays have a first axis of members (N, ...), on the local devices: (devices, N / devices, ...)."""
    if devices == 1:
        return jax.device_put(tree, jax.local_devices()[0])
    shares = jax.tree.map(lambda x: x.reshape(devices, -1, *x.shape[1:]), tree)
    return jax.pmap(lambda tree: tree)(shares)


def gather_members(tree: Any, devices: int, axis: int = 0) -> Any:
    """The inverse, for arrays on the host; `axis` is where the members are."""
    return tree if devices == 1 else jax.tree.map(lambda x: np.concatenate(list(x), axis), tree)
