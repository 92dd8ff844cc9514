"""Trains four DCGANs at once, on one and on four virtual CPU devices, and two of them alone, and saves their states.

A script, since the number of devices is settled when jax starts: see `scripts`.
"""

import os
import sys

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] += " --xla_force_host_platform_device_count=4"

import jax
import numpy as np
import optax

from gan_jax.data import batch_indices, load
from gan_jax.game import init_population, init_state, stack_keys, stack_values
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.training.batches import feed_members
from gan_jax.training.placement import gather_members, replicate, shard_members
from gan_jax.training.program import Transforms, make_population_program, make_program, unpack
from gan_jax.training.saved_state import to_host

BATCH, STEPS = 16, 6
SEEDS, RATES, DECAYS = (3, 4, 3, 4), (2e-4, 2e-4, 2e-3, 2e-3), (0.9, 0.99, 0.5, 0.9)


def build(values):
    adam = optax.adam(values["learning_rate"], b1=0.5)
    networks = dcgan.Generator(8, 1, 4), dcgan.Discriminator(4)
    return gan(*networks, non_saturating, adam, adam, latent=normal(8), ema=values["ema"])


def named(state, metrics):
    leaves = jax.tree_util.tree_leaves_with_path(state)
    return {jax.tree_util.keystr(path): value for path, value in leaves} | metrics


def together(images, devices, steps_per_call):
    """Every array of the last state, and the last metrics, by name: each (members, ...)."""
    values = {"learning_rate": stack_values(RATES), "ema": stack_values(DECAYS)}
    state = shard_members(jax.jit(lambda: init_population(build, values, stack_keys(SEEDS)))(), devices)
    on_devices = (shard_members(values, devices), replicate({"image": images}, devices))
    shared = {"steps_per_call": steps_per_call, "devices": devices}
    program = make_population_program(build, transforms=Transforms(flip=True), **shared)
    split = load("digits", resolution=8).train
    batches = feed_members(split, seeds=SEEDS, batch_size=BATCH, batches_per_step=1, **shared)
    step = 0
    while step < STEPS:
        count = min(steps_per_call, STEPS - step)
        state, metrics = program(state, on_devices, batches(step), count)
        step += count
    metrics = unpack(gather_members(jax.device_get(metrics), devices, axis=1))
    return named(gather_members(to_host(state), devices), {name: value[count - 1] for name, value in metrics.items()})


def alone(images):
    runs = []
    for seed, rate, decay in list(zip(SEEDS, RATES, DECAYS, strict=True))[::3]:  # each takes a compilation
        game = build({"learning_rate": rate, "ema": decay})
        state = jax.jit(lambda game=game, seed=seed: init_state(game, jax.random.key(seed)))()
        program = make_program(game, steps_per_call=1, transforms=Transforms(flip=True), devices=1)
        for step in range(STEPS):
            batches = batch_indices(seed, step, BATCH, len(images))[None]
            state, metrics = program(state, {"image": images}, batches, 1)
        runs.append(named(to_host(state), {name: np.asarray(value[0]) for name, value in unpack(metrics).items()}))
    return {name: np.stack([run[name] for run in runs]) for name in runs[0]}


if __name__ == "__main__":
    assert jax.local_device_count() == 4
    images = load("digits", resolution=8).train.images
    played = {
        "alone": alone(images),
        "one device": together(images, 1, 1),
        "four devices": together(images, 4, 4),
    }
    np.savez(sys.argv[1], **{f"{how}/{name}": value for how, kept in played.items() for name, value in kept.items()})
