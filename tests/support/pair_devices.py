"""Trains a tiny game of translation on one and on eight virtual CPU devices, and saves the metrics of every step.

A script, since the number of devices is settled when jax starts: see `scripts`.
"""

import os
import sys

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] += " --xla_force_host_platform_device_count=8"

import jax
import numpy as np
from support.tiny_translation import scaling

from gan_jax.data import Split
from gan_jax.game import init_state
from gan_jax.training.batches import device_data, feed
from gan_jax.training.placement import replicate, unreplicate
from gan_jax.training.program import Transforms, make_program, unpack

SHAPE = (8, 8, 1)


def play(devices, paired, steps=4):
    rng = np.random.default_rng(0)
    counts = (40, 40 if paired else 27)
    split = Split(*(rng.integers(0, 256, (counts[0], *SHAPE), np.uint8), None),
                  rng.integers(0, 256, (counts[1], *SHAPE), np.uint8), paired)  # fmt: skip
    game = scaling()
    state = replicate(jax.jit(lambda: init_state(game, jax.random.key(0)))(), devices)
    transforms = Transforms(flip=True, jitter=True, paired=paired)
    program = make_program(game, steps_per_call=1, devices=devices, transforms=transforms)
    data, rows = device_data(split, devices), []
    reading = {"seed": 0, "batch_size": 16, "batches_per_step": 1, "steps_per_call": 1, "start": 0, "devices": devices}
    with feed(split, **reading) as batches:
        for step in range(steps):
            state, metrics = program(state, data, batches(step), 1)
            rows.append({name: float(value[0]) for name, value in unpack(unreplicate(metrics, devices)).items()})
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


if __name__ == "__main__":
    assert jax.local_device_count() == 8
    runs = {f"{paired}/{devices}": play(devices, paired) for paired in (True, False) for devices in (1, 8)}
    np.savez(sys.argv[1], **{f"{run}/{name}": values for run, kept in runs.items() for name, values in kept.items()})
