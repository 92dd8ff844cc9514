"""Placement of arrays on devices: copies on every device, shares of a batch, and the members of a population."""

from typing import Any

import jax
import numpy as np


def replicate(tree: Any, devices: int) -> Any:
    """Copies `tree` to every local device, along a new leading axis. For a single device there is no such axis."""
    if devices == 1:
        return jax.device_put(tree, jax.local_devices()[0])
    return jax.pmap(lambda tree, _: tree, in_axes=(None, 0))(tree, np.zeros(jax.local_device_count()))


def unreplicate(tree: Any, devices: int) -> Any:
    """The inverse of `replicate`: returns the copy on one device."""
    return tree if devices == 1 else jax.tree.map(lambda x: x.addressable_shards[0].data[0], tree)


def shard(rows: np.ndarray, batches_per_step: int, devices: int) -> np.ndarray:
    """Splits rows (steps, batches_per_step * batch_size) into shares (local devices, steps, share).

    Every batch is split into one share per device, in the order of the devices. So device d sees the d-th share of each
    global batch. For a single device it returns the rows themselves.
    """
    if devices == 1:
        return rows
    shares = rows.reshape(len(rows), batches_per_step, devices, -1)
    local = [jax.devices().index(device) for device in jax.local_devices()]
    return np.stack([shares[:, :, d].reshape(len(rows), -1) for d in local])


def shard_members(tree: Any, devices: int) -> Any:
    """Distributes arrays with a first axis of members (N, ...) over the local devices: (devices, N / devices, ...)."""
    if devices == 1:
        return jax.device_put(tree, jax.local_devices()[0])
    shares = jax.tree.map(lambda x: x.reshape(devices, -1, *x.shape[1:]), tree)
    return jax.pmap(lambda tree: tree)(shares)


def gather_members(tree: Any, devices: int, axis: int = 0) -> Any:
    """The inverse of `shard_members`, for arrays on the host. `axis` is the axis of members."""
    return tree if devices == 1 else jax.tree.map(lambda x: np.concatenate(list(x), axis), tree)
