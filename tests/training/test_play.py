"""Training in memory: the bits of `gan-jax train`, and members of a population against lone games."""

import jax
import numpy as np
import optax
import pytest
from support.command import DIGITS, SMALL

from gan_jax.commands.main import main
from gan_jax.data import hide_labels, load
from gan_jax.game import networks, stack_values
from gan_jax.inference import sample_images, sample_members
from gan_jax.networks import dcgan
from gan_jax.networks.layers import ConcatDiscriminator, ConcatGenerator
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.training.play import play, play_population
from gan_jax.training.run_folder import load_run


@pytest.fixture(scope="module")
def digits():
    return load("digits", resolution=8).train


def build(values):
    adam = optax.adam(values["rate"], b1=0.5)
    return gan(dcgan.Generator(8, 1, width=4), dcgan.Discriminator(width=4), non_saturating, adam, adam)


def same(a, b, **tolerance):
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, **(tolerance or {"rtol": 0, "atol": 0})), a, b)


def test_it_has_the_bits_of_a_run(digits, tmp_path):
    main(["train", DIGITS, *SMALL, "--steps", "5", "--seed", "3", "--workdir", str(tmp_path)])
    run = load_run(tmp_path)
    game, step, found = run.restore()
    state, history = play(game, digits, 5, batch_size=16, seed=3)
    assert int(state.step) == step == 5
    same(networks(state), found)
    assert history["generator_loss"].shape == (5,)
    assert np.isfinite(history["D(x)"]).all()


def test_a_game_that_goes_on_has_the_bits_of_one_that_never_stopped(digits):
    game = build({"rate": 1e-3})
    whole, history = play(game, digits, 7, batch_size=16)
    half, first = play(game, digits, 3, batch_size=16)
    end, second = play(game, digits, 4, batch_size=16, state=half)
    same(networks(end), networks(whole))
    for name, values in history.items():
        np.testing.assert_array_equal(np.concatenate([first[name], second[name]]), values)
    assert play(game, digits, 0, batch_size=16, state=end)[1] == {}


def test_members_of_a_population_are_lone_games(digits):
    seeds, rates = (0, 0, 5), (1e-3, 2e-3, 1e-3)
    states, history = play_population(build, {"rate": stack_values(rates)}, seeds, digits, 6, batch_size=16)
    assert history["discriminator_loss"].shape == (6, 3)
    for i, (seed, rate) in enumerate(zip(seeds, rates, strict=True)):
        alone, lone = play(build({"rate": rate}), digits, 6, batch_size=16, seed=seed)
        same(jax.tree.map(lambda x, i=i: x[i], networks(states)), networks(alone), rtol=1e-2, atol=2e-4)
        np.testing.assert_allclose(history["D(x)"][:, i], lone["D(x)"], atol=1e-4)


def test_members_go_on_and_are_sampled_together(digits):
    values, seeds = {"rate": stack_values([1e-3, 2e-3])}, (0, 4)
    whole, history = play_population(build, values, seeds, digits, 5, batch_size=16)
    half, first = play_population(build, values, seeds, digits, 2, batch_size=16)
    end, second = play_population(build, values, seeds, digits, 3, batch_size=16, states=half)
    same(networks(end), networks(whole))
    np.testing.assert_array_equal(np.concatenate([first["D(x)"], second["D(x)"]]), history["D(x)"])
    samples = sample_members(build, values, networks(end), 4, seed=1)
    assert samples.shape == (2, 4, 8, 8, 1)
    for i, rate in enumerate((1e-3, 2e-3)):
        member = jax.tree.map(lambda x, i=i: x[i], networks(end))
        alone = sample_images(build({"rate": rate}), member, 4, seed=1)
        assert np.abs(samples[i].astype(int) - alone).max() <= 1  # gray levels


def test_batches_that_devices_cannot_share_are_refused(digits, monkeypatch):
    monkeypatch.setattr(jax, "local_device_count", lambda: 2)
    with pytest.raises(ValueError, match="batches of 15 cannot be spread evenly over 2 devices"):
        play(build({"rate": 1e-3}), digits, 1, batch_size=15)


def test_hidden_labels_are_refused_for_conditional_games():
    digits, adam = hide_labels(load("digits", resolution=8), per_class=3), optax.adam(1e-3)
    pair = ConcatGenerator(dcgan.Generator(8, 1, width=4), 10), ConcatDiscriminator(dcgan.Discriminator(width=4), 10)
    game = gan(*pair, non_saturating, adam, adam, classes=10)
    with pytest.raises(ValueError, match="some are hidden"):
        play(game, digits.train, 1, batch_size=16)
    with pytest.raises(ValueError, match="some are hidden"):
        play_population(lambda values: game, {}, [0, 1], digits.train, 1, batch_size=16)
