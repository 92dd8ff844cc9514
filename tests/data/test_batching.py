"""The examples of each step."""

import dataclasses

import numpy as np
import pytest

from gan_jax.data import Split, batch_indices, take, target_indices


@pytest.mark.parametrize(("count", "batch_size"), [(10, 3), (12, 4), (7, 20), (5, 5), (1, 4), (100, 64)])
def test_every_epoch_visits_every_example_once(count, batch_size):
    epochs = 6
    steps = -(-epochs * count // batch_size)
    visited = np.concatenate([batch_indices(3, step, batch_size, count) for step in range(steps)])
    for epoch in visited[: epochs * count].reshape(epochs, count):
        assert sorted(epoch) == list(range(count))


def test_epochs_and_seeds_have_orders_of_their_own():
    first, second = (batch_indices(0, step, 100, 100) for step in (0, 1))
    other = batch_indices(1, 0, 100, 100)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, other)


def test_batch_indices_depend_on_their_arguments_alone():
    steps = np.random.default_rng(0).permutation(50)
    wanted = {step: batch_indices(9, step, 8, 30) for step in range(50)}
    for step in steps:  # in any order, with other calls in between
        batch_indices(int(step), 2, 5, 11)
        np.testing.assert_array_equal(batch_indices(9, int(step), 8, 30), wanted[step])


def test_batch_indices_do_not_change_from_one_release_to_the_next():
    assert batch_indices(0, 0, 8, 8).tolist() == [0, 3, 7, 5, 1, 2, 6, 4]


def test_a_far_step_is_as_good_as_a_near_one():
    indices = batch_indices(0, 10**12, 1000, 1000)
    assert sorted(indices) == list(range(1000))


def test_take_gathers_images_and_labels():
    images = np.arange(5 * 4, dtype=np.uint8).reshape(5, 2, 2, 1)
    batch = take(Split(images, np.arange(5, dtype=np.int32)), np.array([3, 0, 3]))
    np.testing.assert_array_equal(batch["image"], images[[3, 0, 3]])
    assert batch["label"].tolist() == [3, 0, 3]
    assert set(take(Split(images, None), np.array([1]))) == {"image"}


def images(count, side=4, channels=3):
    return np.random.default_rng(count).integers(0, 256, (count, side, side, channels), np.uint8)


def test_targets_of_a_pair_go_with_their_image_and_others_in_an_order_of_their_own():
    split = Split(images(20), np.arange(20, dtype=np.int32), images(20))
    rows = batch_indices(3, 7, 6, 20)
    batch = take(split, rows)
    np.testing.assert_array_equal(batch["target"], split.targets[rows])
    assert target_indices(split, 3, 7, 6) is None

    apart = Split(split.images, split.labels, images(31), paired=False)
    epoch = np.concatenate([target_indices(apart, 3, step, 31) for step in range(2)])
    assert sorted(epoch[:31]) == sorted(epoch[31:]) == list(range(31))
    assert (epoch[:31] != epoch[31:]).any()
    # Even with equal numbers, images and targets are drawn independently.
    same = dataclasses.replace(split, paired=False)
    together = [batch_indices(3, step, 20, 20) == target_indices(same, 3, step, 20) for step in range(50)]
    assert np.mean(together) == pytest.approx(1 / 20, abs=0.04)
