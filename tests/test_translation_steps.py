"""Batches of images and targets on their way to the game: fed, flipped and jittered, on one device and on eight."""

import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from tiny_translation import scaling

from gan_jax.data import Split, batch_indices, target_indices
from gan_jax.data.transforms import random_jitter
from gan_jax.feeding import feed, feed_members, resident
from gan_jax.game import init_state
from gan_jax.measuring import _examples
from gan_jax.stepping import Augment, make_play, unpack

SHAPE = (8, 8, 1)


def some(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *SHAPE), np.uint8)


def played(split, augment, steps=4, chunk=1):
    """The metrics of every step, by name, of the tiny game."""
    game = scaling()
    state = init_state(game, jax.random.key(0))
    program = make_play(game, chunk=chunk, devices=1, augment=augment)
    rows = []
    with feed(split, seed=1, batch_size=8, parts=1, chunk=chunk, start=0, devices=1) as items:
        for step in range(0, steps, chunk):
            state, metrics = program(state, resident(split, 1), items(step), chunk)
            rows.append(unpack(jax.device_get(metrics)))
    return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}


ALL = Augment(flip=True, jitter=True)


@pytest.mark.parametrize("augment", [Augment(), Augment(flip=True), Augment(jitter=True), ALL])
def test_both_sides_of_a_pair_undergo_the_same(augment):
    images = some(30)
    metrics = played(Split(images, None, images.copy()), augment)
    np.testing.assert_allclose(metrics["alike"], 0, atol=1e-6)


@pytest.mark.parametrize("augment", [Augment(flip=True), Augment(jitter=True)])
def test_unpaired_sides_are_changed_on_their_own(augment):
    one = some(1)  # one image alone, so that the order does not matter
    split = Split(one, None, one.copy(), paired=False)
    assert played(split, Augment(paired=False))["alike"].max() < 1e-6
    assert played(split, augment._replace(paired=False))["alike"].min() > 0.05


def test_the_loop_plays_the_steps_of_single_calls():
    split = Split(some(30), None, some(7, 1), paired=False)
    augment = ALL._replace(paired=False)
    single, loop = played(split, augment), played(split, augment, chunk=4)
    for name in single:
        np.testing.assert_allclose(loop[name], single[name], rtol=1e-4, err_msg=name)


def test_the_game_sees_the_images_and_targets_of_the_step():
    images, targets = (np.broadcast_to(x.reshape(-1, 1, 1, 1), (len(x), *SHAPE)) for x in
                       (np.arange(30, dtype=np.uint8), np.arange(100, 107, dtype=np.uint8)))  # fmt: skip
    split = Split(images.copy(), None, targets.copy(), paired=False)
    metrics = played(split, Augment(paired=False))
    for step in range(4):
        image = batch_indices(1, step, 8, 30).mean() / 127.5 - 1
        target = (100 + target_indices(split, 1, step, 8)).mean() / 127.5 - 1
        assert metrics["image"][step] == pytest.approx(image, abs=1e-5)
        assert metrics["target"][step] == pytest.approx(target, abs=1e-5)


@pytest.mark.parametrize("step", [0, 57, 64])
def test_items_of_unpaired_data_are_those_of_the_step_wherever_a_run_begins(step):
    split = Split(some(50), None, some(31), paired=False)
    expected = {
        seed: {
            "image": [batch_indices(seed, step + i, 6, 50) for i in range(5)],
            "target": [target_indices(split, seed, step + i, 6) for i in range(5)],
        }
        for seed in (3, 4)
    }
    with feed(split, seed=3, batch_size=3, parts=2, chunk=5, start=step, devices=1) as items:
        jax.tree.map(np.testing.assert_array_equal, items(step), {k: np.stack(v) for k, v in expected[3].items()})
    members = feed_members(split, seeds=[4, 3], batch_size=3, parts=2, chunk=5, devices=2)(step)
    for name, rows in members.items():
        assert rows.shape == (2, 5, 1, 6)
        for device, seed in enumerate((4, 3)):
            np.testing.assert_array_equal(rows[device, :, 0], expected[seed][name])


def test_measures_see_targets_too_however_few():
    examples = _examples(Split(some(9), None, some(4, 1), paired=False), 8)
    assert examples["image"].shape == examples["target"].shape == (8, *SHAPE)
    np.testing.assert_array_equal(examples["target"][4:], examples["target"][:4])


def test_jitter_cuts_the_old_size_out_of_pillows_enlargement():
    images = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (1, 32, 24, 1)), jnp.float32)
    keys = jax.random.split(jax.random.key(0), 200)
    cut = np.asarray(random_jitter(jnp.broadcast_to(images, (200, 32, 24, 1)), keys))[..., 0]
    large = Image.fromarray(np.asarray(images[0, ..., 0])).resize((27, 36), Image.Resampling.BICUBIC)
    large = np.asarray(large).clip(-1, 1)
    crops = {(y, x): large[y : y + 32, x : x + 24] for y in range(5) for x in range(4)}
    found = [next(at for at, crop in crops.items() if np.abs(crop - image).max() < 1e-5) for image in cut]
    assert set(found) == crops.keys()  # every place, and no other


def test_jitter_of_the_same_keys_is_the_same_in_images_of_other_channels():
    images = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (20, 16, 16, 1)), jnp.float32)
    keys = jax.random.split(jax.random.key(1), 20)
    gray, colour = random_jitter(images, keys), random_jitter(images.repeat(3, -1), keys)
    np.testing.assert_allclose(colour, np.repeat(gray, 3, -1), atol=1e-6)


@pytest.fixture(scope="module")
def on_devices(tmp_path_factory):
    out = tmp_path_factory.mktemp("devices") / "out.npz"
    script = Path(__file__).with_name("pair_devices.py")
    done = subprocess.run([sys.executable, script, out], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with np.load(out) as stored:
        return {name: stored[name] for name in stored.files}


@pytest.mark.parametrize("paired", [True, False])
def test_eight_devices_play_the_game_that_one_plays(on_devices, paired):
    names = {name.split("/")[2] for name in on_devices}
    assert {"generator_loss", "image", "target", "alike"} <= names
    for name in names:
        one, eight = (on_devices[f"{paired}/{devices}/{name}"] for devices in (1, 8))
        assert np.ptp(one) > 0
        np.testing.assert_allclose(eight, one, rtol=1e-4, atol=1e-6, err_msg=name)
