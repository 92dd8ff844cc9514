"""The cost of N games at once, in terms of one."""

import statistics
import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import optax

from gan_jax.data.sources.mixtures import RING
from gan_jax.game import Game, State, Values, for_each_member, init_population, stack_keys, train_step
from gan_jax.networks import dcgan, mlp
from gan_jax.networks.latents import normal
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.training.program import choose_steps_per_call, compiled, make_population_program

Run = Callable[[int], None]

SIZES = (1, 2, 4, 8, 16, 32, 64)
_BATCH = 64


def ring(members: int) -> Run:
    """MLP GANs on the ring of 8 Gaussians; every batch is drawn on the device."""

    def build(values: Values) -> Game:
        adam = optax.adam(values["learning_rate"], b1=0.5)
        return gan(mlp.Generator(), mlp.Discriminator(), non_saturating, adam, adam, latent=normal(16))

    def step(game: Game, state: State) -> State:
        mode_key, noise_key = jax.random.split(jax.random.fold_in(state.key, ~state.step))
        modes = jax.random.randint(mode_key, (_BATCH,), 0, len(RING.means))
        points = jnp.asarray(RING.means)[modes] + RING.deviation * jax.random.normal(noise_key, (_BATCH, 2))
        return train_step(game, state, {"image": points})[0]

    values = {"learning_rate": jnp.full((members,), 1e-3)}
    steps = for_each_member(build, step)
    per_call = choose_steps_per_call()

    def call(state: State) -> State:
        if per_call == 1:
            return steps(values, state)
        return jax.lax.fori_loop(0, per_call, lambda _, state: steps(values, state), state)

    program = compiled(call)
    state = init_population(build, values, stack_keys(range(members)))

    def run(n: int) -> None:
        nonlocal state
        for _ in range(-(-n // per_call)):
            state = program(state)
        jax.block_until_ready(state)

    return run


def digits(members: int) -> Run:
    """The default run of `experiments/unconditional/dcgan_digits.py`, on random images."""

    def build(values: Values) -> Game:
        adam = optax.adam(values["learning_rate"], b1=0.5)
        networks = dcgan.Generator(8, 1, 24), dcgan.Discriminator(24)
        return gan(*networks, non_saturating, adam, adam, latent=normal(32), ema=0.998)

    values = {"learning_rate": jnp.full((members,), 2e-4)}
    per_call = choose_steps_per_call()
    program = make_population_program(build, steps_per_call=per_call, devices=1)
    rng = np.random.default_rng(0)
    data = {"image": jax.device_put(rng.integers(0, 256, (1024, 8, 8, 1), dtype=np.uint8))}
    batches = rng.integers(0, 1024, (per_call, members, _BATCH), dtype=np.int32)
    state = init_population(build, values, stack_keys(range(members)))

    def run(n: int) -> None:
        nonlocal state
        for _ in range(-(-n // per_call)):
            state, _ = program(state, (values, data), batches, per_call)
        jax.block_until_ready(state)

    return run


def compare(make: Callable[[int], Run], *, seconds: float, blocks: int, sizes: tuple[int, ...] = SIZES) -> list[dict]:
    """For each size the time of a step of all members over that of one alone, block by block in turn."""
    runs = {size: make(size) for size in sizes}
    counts, times = {}, {size: [] for size in sizes}
    for size, run in runs.items():
        run(3)
        once = _seconds(run, 20)
        counts[size] = max(20, round(seconds / once))
    for _ in range(blocks):
        for size, run in runs.items():
            times[size].append(_seconds(run, counts[size]))
    one = statistics.median(times[1])
    return [
        {
            "members": size,
            "step_ms": 1e3 * statistics.median(times[size]),
            "spread_ms": (1e3 * min(times[size]), 1e3 * max(times[size])),
            "times_one": statistics.median(times[size]) / one,
        }
        for size in sizes
    ]


def _seconds(run: Run, count: int) -> float:
    start = time.perf_counter()
    run(count)
    return (time.perf_counter() - start) / count
