"""Trains regularized games on one and on eight virtual CPU devices, and saves the metrics of every step.

A script, since the number of devices is settled when jax starts: see `scripts`.
"""

import dataclasses
import os
import sys

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] += " --xla_force_host_platform_device_count=8"

import jax
import numpy as np
import optax
from support.small_games import began_game, regularized_game, some_regularizers

from gan_jax.common.parallel import AXIS
from gan_jax.game import consensus, init_state, train_step
from gan_jax.regularizers import feature_matching

STEPS = 3


def play(game, images, devices):
    """{name: (steps,)}, the same on every device."""
    state = init_state(game, jax.random.key(0))
    if devices == 1:
        step = jax.jit(lambda state, images: train_step(game, state, {"image": images}))
    else:
        images = images.reshape(devices, -1, *images.shape[1:])
        state = jax.pmap(lambda state, _: state, in_axes=(None, 0))(state, np.zeros(devices))
        step = jax.pmap(lambda state, images: train_step(game, state, {"image": images}), axis_name=AXIS)
    rows = []
    for _ in range(STEPS):
        state, metrics = step(state, images)
        if devices > 1:
            for values in [*metrics.values(), *jax.tree.leaves((state.memory, state.params))]:
                np.testing.assert_array_equal(np.ptp(np.asarray(values), axis=0), 0)
            metrics = {name: values[0] for name, values in metrics.items()}
        rows.append(metrics)
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


if __name__ == "__main__":
    assert jax.local_device_count() == 8
    images = np.random.default_rng(0).normal(size=(32, 2)).astype(np.float32)
    games = {
        "gan": regularized_game(some_regularizers(0.1), (feature_matching(),)),
        "consensus": dataclasses.replace(regularized_game(()), dynamics=consensus(0.5)),
        "began": began_game(optax.sgd(0.1), gamma=0.9, k_rate=0.5),
    }
    np.savez(
        sys.argv[1],
        **{
            f"{name}/{devices}/{metric}": values
            for name, played in games.items()
            for devices in (1, 8)
            for metric, values in play(played, images, devices).items()
        },
    )
