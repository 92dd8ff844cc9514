import numpy as np
import pytest

from gan_jax.data import Split, batch_indices, take
from gan_jax.data.splits import hold_out, number_classes, shuffled


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
    for step in steps:  # in any order, and with other calls between
        batch_indices(int(step), 2, 5, 11)
        np.testing.assert_array_equal(batch_indices(9, int(step), 8, 30), wanted[step])


def test_batch_indices_do_not_change_from_one_release_to_the_next():
    assert batch_indices(0, 0, 8, 8).tolist() == [0, 3, 7, 5, 1, 2, 6, 4]


def test_a_far_step_is_as_good_as_a_near_one():
    indices = batch_indices(0, 10**12, 1000, 1000)
    assert sorted(indices) == list(range(1000))


def test_shuffling_is_uniform():
    # Of 24 orders of 4 things, each should come up about as often: chi-square with 23 degrees of freedom.
    _, counts = np.unique([shuffled(4, seed) for seed in range(4800)], axis=0, return_counts=True)
    assert len(counts) == 24
    assert ((counts - 200) ** 2 / 200).sum() < 60  # p = 4e-5


@pytest.mark.parametrize("labelled", [False, True])
def test_hold_out_splits_without_overlap(labelled):
    labels = np.repeat([0, 1, 2], [60, 90, 30]) if labelled else None
    train, test = hold_out(180, labels, 1 / 6)
    assert sorted([*train, *test]) == list(range(180))
    assert len(test) == 30
    if labels is not None:
        np.testing.assert_allclose(np.bincount(labels[test]), [10, 15, 5], atol=1)
    again, _ = hold_out(180, labels, 1 / 6)
    np.testing.assert_array_equal(train, again)


@pytest.mark.parametrize("count", [2, 3])
def test_hold_out_leaves_something_on_either_side(count):
    train, test = hold_out(count, None, 1 / 6)
    assert len(train) == count - 1
    assert len(test) == 1


def test_classes_are_numbered_in_sorted_order_across_splits():
    names, (train, test) = number_classes(np.array([30, 10, 30]), np.array([20]))
    assert names == ("10", "20", "30")
    assert train.tolist() == [2, 0, 2]
    assert test.tolist() == [1]
    assert train.dtype == np.int32


def test_take_gathers_images_and_labels():
    images = np.arange(5 * 4, dtype=np.uint8).reshape(5, 2, 2, 1)
    batch = take(Split(images, np.arange(5, dtype=np.int32)), np.array([3, 0, 3]))
    np.testing.assert_array_equal(batch["image"], images[[3, 0, 3]])
    assert batch["label"].tolist() == [3, 0, 3]
    assert set(take(Split(images, None), np.array([1]))) == {"image"}
