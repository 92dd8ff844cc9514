"""Programs that train for many steps in one call train as they would step by step."""

import jax
import numpy as np
import optax
import pytest
from support.keys import record, used_twice
from support.small_games import SHAPE, small_cyclegan

from gan_jax.game import init_state
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.training.placement import shard
from gan_jax.training.program import Transforms, choose_steps_per_call, make_program, unpack

STEPS, BATCH = 20, 8


@pytest.fixture(scope="module")
def setting():
    adam = optax.adam(2e-4, b1=0.5)
    game = gan(dcgan.Generator(8, 1, 4), dcgan.Discriminator(4), non_saturating, adam, adam, latent=normal(8), ema=0.99)
    rng = np.random.default_rng(0)
    data = {"image": rng.integers(0, 256, (50, 8, 8, 1), np.uint8)}
    batches = rng.integers(0, 50, (STEPS, BATCH))
    # With the mirroring of images, whose randomness must not depend on the calls either.
    flip = Transforms(flip=True)
    programs = {most: make_program(game, steps_per_call=most, transforms=flip, devices=1) for most in (1, STEPS)}

    def trained(steps_per_call, counts):
        """The state, and the metrics of every step, after calls that train for so many steps each."""
        state = jax.jit(lambda: init_state(game, jax.random.key(1)))()  # anew, since the program uses it up
        step, rows = 0, []
        for count in counts:
            rest = np.zeros((steps_per_call, BATCH), batches.dtype)
            rest[:count] = batches[step : step + count]
            state, metrics = programs[steps_per_call](state, data, rest, count)
            rows.append({name: np.asarray(values[:count]) for name, values in unpack(metrics).items()})
            step += count
        assert state.step == step
        metrics = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
        return jax.device_get(state.replace(key=jax.random.key_data(state.key))), metrics

    return trained


@pytest.mark.slow
def test_the_bits_are_the_same_however_the_steps_are_divided_into_calls(setting):
    whole, divided = setting(STEPS, [20]), setting(STEPS, [7, 13])
    jax.tree.map(np.testing.assert_array_equal, whole, divided)


def test_a_call_for_several_steps_trains_those_of_single_calls(setting):
    (loop, loop_metrics), (single, single_metrics) = setting(STEPS, [20]), setting(1, [1] * 20)
    for name, values in single_metrics.items():
        assert values.shape == (STEPS,)
        assert np.ptp(values) > 0
        np.testing.assert_allclose(loop_metrics[name], values, rtol=1e-3, err_msg=name)
    # Adam may turn a rounding difference in a gradient close to zero into one of the learning rate, 2e-4, a step.
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=2e-3, rtol=1e-2), loop, single)


def test_a_devices_share_is_its_cut_of_every_batch(monkeypatch):
    monkeypatch.setattr(jax, "devices", lambda: ["a", "b"])
    monkeypatch.setattr(jax, "local_devices", lambda: ["a", "b"])
    rows = np.arange(24).reshape(2, 12)  # of 2 steps of 3 batches of 4 examples
    shares = shard(rows, batches_per_step=3, devices=2)
    np.testing.assert_array_equal(shares[0][0], [0, 1, 4, 5, 8, 9])
    np.testing.assert_array_equal(shares[1][1], [14, 15, 18, 19, 22, 23])
    monkeypatch.setattr(jax, "local_devices", lambda: ["b"])  # a host of two
    np.testing.assert_array_equal(shard(rows, batches_per_step=3, devices=2), shares[1:])
    assert shard(rows, batches_per_step=3, devices=1) is rows


def test_a_call_trains_for_several_steps_except_on_cpu(monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")
    assert choose_steps_per_call() == 1
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert choose_steps_per_call() > 1


@pytest.mark.parametrize("paired", [False, True])
def test_transforms_draw_from_keys_that_nothing_else_draws_from(paired):
    """A pair may be transformed alike, which is the same draw again."""
    game = small_cyclegan()
    transforms = Transforms(flip=True, jitter=True, paired=paired)
    program = make_program(game, steps_per_call=1, transforms=transforms, devices=1)
    images = np.zeros((BATCH, *SHAPE), np.uint8)

    def step():
        rows = np.arange(BATCH)[None]
        program.__wrapped__(init_state(game, jax.random.key(0)), {"image": images, "target": images}, rows, 1)

    found = record(step)
    assert len(found.draws) > 4 * BATCH
    assert not used_twice(found)
