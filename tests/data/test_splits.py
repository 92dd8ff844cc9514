"""Held-out splits, and the random numbers behind them."""

import numpy as np
import pytest

from gan_jax.data.splits import hold_out, number_classes, shuffled


def test_shuffling_is_uniform():
    # All 24 orders of 4 items should be equally frequent: a chi-square test with 23 degrees of freedom.
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
