"""Batches of images and targets on their way to the game: fed, flipped and jittered, on one device and on eight."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from support.scripts import arrays_of
from support.tiny_translation import scaling

from gan_jax.data import Split, batch_indices, target_indices
from gan_jax.data.transforms import random_jitter
from gan_jax.game import init_state
from gan_jax.training.batches import device_data, feed, feed_members
from gan_jax.training.held_out import _examples
from gan_jax.training.program import NO_TRANSFORMS, Transforms, make_program, unpack

pytestmark = pytest.mark.slow

SHAPE = (8, 8, 1)


def some(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *SHAPE), np.uint8)


def trained(split, transforms, steps=4, steps_per_call=1):
    """The metrics of every step, by name, of the tiny game."""
    game = scaling()
    state = init_state(game, jax.random.key(0))
    program = make_program(game, steps_per_call=steps_per_call, devices=1, transforms=transforms)
    data, rows = device_data(split, 1), []
    options = {"batch_size": 8, "batches_per_step": 1, "steps_per_call": steps_per_call}
    with feed(split, seed=1, start=0, devices=1, **options) as batches:
        for step in range(0, steps, steps_per_call):
            state, metrics = program(state, data, batches(step), steps_per_call)
            rows.append(unpack(jax.device_get(metrics)))
    return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}


FLIP, JITTER, BOTH = Transforms(flip=True), Transforms(jitter=True), Transforms(flip=True, jitter=True)
UNPAIRED = Transforms(paired=False)


@pytest.mark.parametrize("transforms", [NO_TRANSFORMS, FLIP, JITTER, BOTH])
def test_both_sides_of_a_pair_undergo_the_same(transforms):
    images = some(30)
    metrics = trained(Split(images, None, images.copy()), transforms)
    np.testing.assert_allclose(metrics["alike"], 0, atol=1e-6)


@pytest.mark.parametrize("transforms", [FLIP, JITTER])
def test_unpaired_sides_are_changed_on_their_own(transforms):
    one = some(1)  # one image alone, so that the order does not matter
    split = Split(one, None, one.copy(), paired=False)
    assert trained(split, UNPAIRED)["alike"].max() < 1e-6
    assert trained(split, transforms._replace(paired=False))["alike"].min() > 0.05


def test_a_call_for_several_steps_trains_those_of_single_calls():
    split = Split(some(30), None, some(7, 1), paired=False)
    transforms = BOTH._replace(paired=False)
    single, several = trained(split, transforms), trained(split, transforms, steps_per_call=4)
    for name in single:
        np.testing.assert_allclose(several[name], single[name], rtol=1e-4, err_msg=name)


def test_the_game_sees_the_images_and_targets_of_the_step():
    images, targets = (np.broadcast_to(x.reshape(-1, 1, 1, 1), (len(x), *SHAPE)) for x in
                       (np.arange(30, dtype=np.uint8), np.arange(100, 107, dtype=np.uint8)))  # fmt: skip
    split = Split(images.copy(), None, targets.copy(), paired=False)
    metrics = trained(split, UNPAIRED)
    for step in range(4):
        image = batch_indices(1, step, 8, 30).mean() / 127.5 - 1
        target = (100 + target_indices(split, 1, step, 8)).mean() / 127.5 - 1
        assert metrics["image"][step] == pytest.approx(image, abs=1e-5)
        assert metrics["target"][step] == pytest.approx(target, abs=1e-5)


@pytest.mark.parametrize("step", [0, 57, 64])
def test_batches_of_unpaired_data_are_those_of_the_step_wherever_a_run_begins(step):
    split = Split(some(50), None, some(31), paired=False)
    expected = {
        seed: {
            "image": [batch_indices(seed, step + i, 6, 50) for i in range(5)],
            "target": [target_indices(split, seed, step + i, 6) for i in range(5)],
        }
        for seed in (3, 4)
    }
    options = {"batch_size": 3, "batches_per_step": 2, "steps_per_call": 5}
    with feed(split, seed=3, start=step, devices=1, **options) as batches:
        jax.tree.map(np.testing.assert_array_equal, batches(step), {k: np.stack(v) for k, v in expected[3].items()})
    members = feed_members(split, seeds=[4, 3], devices=2, **options)(step)
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
    return arrays_of("pair_devices", tmp_path_factory.mktemp("devices"))


@pytest.mark.parametrize("paired", [True, False])
def test_eight_devices_train_the_game_as_one_does(on_devices, paired):
    names = {name.split("/")[2] for name in on_devices}
    assert {"generator_loss", "image", "target", "alike"} <= names
    for name in names:
        one, eight = (on_devices[f"{paired}/{devices}/{name}"] for devices in (1, 8))
        assert np.ptp(one) > 0
        np.testing.assert_allclose(eight, one, rtol=1e-4, atol=1e-6, err_msg=name)
