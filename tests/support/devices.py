"""Trains a DCGAN on one and on eight virtual CPU devices, and saves the metrics of every step.

A script, since the number of devices is settled when jax starts: see `scripts`.
"""

import os
import re
import sys

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] += " --xla_force_host_platform_device_count=8"

import jax
import numpy as np
import optax

from gan_jax.data import batch_indices, load
from gan_jax.game import init_state
from gan_jax.networks import dcgan
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.training.placement import replicate, shard, unreplicate
from gan_jax.training.program import Transforms, make_program, unpack

BATCH = 64


def play(devices, steps, *, flip=False, discriminator_updates=1):
    """{name: (steps, ...)}: metrics, and after the last step the running statistics of batch normalization."""
    adam = optax.adam(2e-4, b1=0.5)
    networks = dcgan.Generator(8, 1, 8), dcgan.Discriminator(8)
    game = gan(*networks, non_saturating, adam, adam, discriminator_updates=discriminator_updates, ema=0.99)
    images = load("digits", resolution=8).train.images
    images = np.stack([images[i] for i in range(len(images))])
    state = replicate(jax.jit(lambda: init_state(game, jax.random.key(0)))(), devices)
    data = replicate({"image": images}, devices)
    program = make_program(game, steps_per_call=1, transforms=Transforms(flip), devices=devices)
    count = BATCH * game.batches_per_step
    batches = shard(np.zeros((1, count), np.int32), game.batches_per_step, devices)
    text = ""
    if devices > 1:
        program = program.lower(state, data, batches, 1).compile()
        text = program.as_text()
    rows = []
    for step in range(steps):
        indices = batch_indices(0, step, count, len(images))[None]
        state, metrics = program(state, data, shard(indices, game.batches_per_step, devices), 1)
        if devices > 1:  # every device has the same
            for name, values in unpack(metrics).items():
                np.testing.assert_array_equal(np.ptp(np.asarray(values), axis=0), 0, err_msg=name)
        rows.append({name: float(value[0]) for name, value in unpack(unreplicate(metrics, devices)).items()})
    statistics = jax.tree_util.tree_leaves_with_path(unreplicate(state, devices).variables)
    return (
        {name: np.array([row[name] for row in rows]) for name in rows[0]}
        | {jax.tree_util.keystr(path): np.asarray(value) for path, value in statistics}
        | {
            "all_reduced": np.array(all_reduced(text)),
            "parameters": np.array(sizes(unreplicate(state, devices).params)),
        }
    )


def all_reduced(text):
    """The sizes of the arrays that the compiled program sums over devices."""
    results = re.findall(r"= (.*) all-reduce(?:-start)?\(", text)
    return [
        int(np.prod([int(n) for n in shape.split(",") if n]))
        for r in results
        for shape in re.findall(r"f32\[([\d,]*)\]", r)
    ]


def sizes(params):
    return [sum(x.size for x in jax.tree.leaves(params[name])) for name in sorted(params)]


if __name__ == "__main__":
    assert jax.local_device_count() == 8
    runs = {"plain": {"steps": 50}, "augmented": {"steps": 5, "flip": True, "discriminator_updates": 2}}
    np.savez(
        sys.argv[1],
        **{
            f"{run}/{devices}/{name}": values
            for run, options in runs.items()
            for devices in (1, 8)
            for name, values in play(devices, **options).items()
        },
    )
