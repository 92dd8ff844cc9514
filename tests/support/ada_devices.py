"""Trains a game with ADA on one and on two virtual CPU devices, and saves what it arrives at.

A script, since the number of devices is settled when jax starts: see `scripts`.
"""

import os
import sys

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] += " --xla_force_host_platform_device_count=2"

import jax
import jax.numpy as jnp
import numpy as np
from support.augmented_games import images, play, tiny

from gan_jax.augmentation import ada
from gan_jax.common.parallel import AXIS, example_keys
from gan_jax.game import init_state, train_step

STEPS, BATCH = 4, 8

if __name__ == "__main__":
    # The discriminator's first guesses have mixed signs; a target below any mean of them makes p rise.
    augmentation = ada(target=-1, interval=2, images=64)
    game = tiny(augmentation)
    state = init_state(game, jax.random.key(1))
    states = jax.tree.map(lambda x: jnp.stack([x, x]), state)
    batch = {"image": images(BATCH).reshape(2, BATCH // 2, 8, 8, 1)}
    step = jax.pmap(lambda state, batch: train_step(game, state, batch)[0], axis_name=AXIS)
    for _ in range(STEPS):
        states = step(states, batch)
    alone, _ = play(augmentation, STEPS, BATCH)

    def augmented(x):
        memory = {**augmentation.init(), "p": jnp.float32(0.7)}
        return augmentation.apply(x, example_keys(jax.random.key(2), len(x)), memory, 0)

    memory, memory_alone = states.memory["augmentation"], alone.memory["augmentation"]
    np.savez(
        sys.argv[1],
        p=memory["p"],
        p_alone=memory_alone["p"],
        r=memory["r"],
        r_alone=memory_alone["r"],
        kernel=states.params["discriminator"]["Dense_0"]["kernel"],
        kernel_alone=alone.params["discriminator"]["Dense_0"]["kernel"],
        augmented=jax.pmap(augmented, axis_name=AXIS)(batch["image"]).reshape(images(BATCH).shape),
        augmented_alone=augmented(images(BATCH)),
    )
