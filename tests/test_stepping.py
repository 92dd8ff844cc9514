"""Programs that play many steps in one call play the steps that they would play one by one."""

import jax
import numpy as np
import optax
import pytest

from gan_jax.game import init_state
from gan_jax.games.gan import gan
from gan_jax.latents import normal
from gan_jax.networks import dcgan
from gan_jax.objectives import non_saturating
from gan_jax.stepping import Augment, choose_steps_per_dispatch, make_play, spread, unpack

STEPS, BATCH = 20, 8


@pytest.fixture(scope="module")
def setting():
    adam = optax.adam(2e-4, b1=0.5)
    game = gan(dcgan.Generator(8, 1, 4), dcgan.Discriminator(4), non_saturating, adam, adam, latent=normal(8), ema=0.99)
    rng = np.random.default_rng(0)
    resident = {"image": rng.integers(0, 256, (50, 8, 8, 1), np.uint8)}
    items = rng.integers(0, 50, (STEPS, BATCH))
    # With the mirroring of images, whose randomness must not depend on the calls either.
    programs = {chunk: make_play(game, chunk=chunk, augment=Augment(flip=True), devices=1) for chunk in (1, STEPS)}

    def played(chunk, counts):
        """The state, and the metrics of every step, after calls that play so many steps each."""
        state = jax.jit(lambda: init_state(game, jax.random.key(1)))()  # anew, since the program uses it up
        step, rows = 0, []
        for count in counts:
            rest = np.zeros((chunk, BATCH), items.dtype)
            rest[:count] = items[step : step + count]
            state, metrics = programs[chunk](state, resident, rest, count)
            rows.append({name: np.asarray(values[:count]) for name, values in unpack(metrics).items()})
            step += count
        assert state.step == step
        metrics = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
        return jax.device_get(state.replace(key=jax.random.key_data(state.key))), metrics

    return played


def test_the_loop_gives_the_same_bits_however_it_is_divided(setting):
    whole, divided = setting(STEPS, [20]), setting(STEPS, [7, 13])
    jax.tree.map(np.testing.assert_array_equal, whole, divided)


def test_the_loop_plays_the_steps_of_single_calls(setting):
    (loop, loop_metrics), (single, single_metrics) = setting(STEPS, [20]), setting(1, [1] * 20)
    for name, values in single_metrics.items():
        assert values.shape == (STEPS,)
        assert np.ptp(values) > 0
        np.testing.assert_allclose(loop_metrics[name], values, rtol=1e-3, err_msg=name)
    # Adam may turn a rounding difference in a gradient close to zero into one of the learning rate, 2e-4, a step.
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=2e-3, rtol=1e-2), loop, single)


def test_a_devices_share_is_its_cut_of_every_part(monkeypatch):
    monkeypatch.setattr(jax, "devices", lambda: ["a", "b"])
    monkeypatch.setattr(jax, "local_devices", lambda: ["a", "b"])
    rows = np.arange(24).reshape(2, 12)  # of 2 steps of 3 parts of 4 examples
    shares = spread(rows, parts=3, devices=2)
    np.testing.assert_array_equal(shares[0][0], [0, 1, 4, 5, 8, 9])
    np.testing.assert_array_equal(shares[1][1], [14, 15, 18, 19, 22, 23])
    monkeypatch.setattr(jax, "local_devices", lambda: ["b"])  # a host of two
    np.testing.assert_array_equal(spread(rows, parts=3, devices=2), shares[1:])
    assert spread(rows, parts=3, devices=1) is rows


def test_steps_are_played_in_a_loop_except_on_cpu(monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")
    assert choose_steps_per_dispatch() == 1
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert choose_steps_per_dispatch() > 1
