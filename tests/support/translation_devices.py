"""Trains games of translation on one and on eight virtual CPU devices, and saves the metrics and the image pools.

A script, since the number of devices is settled when jax starts: see `scripts`.
"""

import os
import sys

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] += " --xla_force_host_platform_device_count=8"

import jax
import numpy as np
from support.small_games import SHAPE, small_cyclegan, small_pix2pix
from support.translating import batch_of, begun

from gan_jax.common.parallel import AXIS
from gan_jax.game import train_step

STEPS = 4


def play(game, batch, devices):
    """{name: (steps, ...)}, the same on every device."""
    state = begun(game)
    if devices == 1:
        step = jax.jit(lambda state, batch: train_step(game, state, batch))
    else:
        batch = jax.tree.map(lambda x: x.reshape(devices, -1, *x.shape[1:]), batch)
        state = jax.pmap(lambda state, _: state, in_axes=(None, 0))(state, np.zeros(devices))
        step = jax.pmap(lambda state, batch: train_step(game, state, batch), axis_name=AXIS)
    rows = []
    for _ in range(STEPS):
        state, metrics = step(state, batch)
        kept = metrics | {name: pool.images for name, pool in state.memory.items() if name.startswith("pool")}
        if devices > 1:
            for values in [*kept.values(), *jax.tree.leaves((state.memory, state.params, state.variables))]:
                np.testing.assert_array_equal(np.ptp(np.asarray(values), axis=0), 0)
            kept = {name: values[0] for name, values in kept.items()}
        rows.append(kept)
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


if __name__ == "__main__":
    assert jax.local_device_count() == 8
    games = {"pix2pix": small_pix2pix(), "cyclegan": small_cyclegan(pool_size=11)}
    batch = batch_of(SHAPE, SHAPE, count=16)
    np.savez(
        sys.argv[1],
        **{
            f"{name}/{devices}/{metric}": values
            for name, game in games.items()
            for devices in (1, 8)
            for metric, values in play(game, batch, devices).items()
        },
    )
