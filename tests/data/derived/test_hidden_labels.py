"""Hidden labels."""

import numpy as np
import pytest

from gan_jax.common.errors import UsageError
from gan_jax.data import Dataset, Split, batch_indices, hide_labels, labelled, load

COUNTS = (5, 9, 30)


def dataset(labels=True):
    rng = np.random.default_rng(0)
    train, test = (rng.permutation(np.repeat(np.arange(3, dtype=np.int32), counts)) for counts in (COUNTS, (2, 2, 2)))
    images = [np.zeros((len(part), 2, 2, 1), np.uint8) for part in (train, test)]
    splits = [Split(x, part if labels else None) for x, part in zip(images, (train, test), strict=True)]
    return Dataset("mine", *splits, ("ant", "bee", "cat") if labels else ())


@pytest.mark.parametrize("per_class", [1, 4, 5])
def test_as_many_labels_of_each_class_are_kept_and_they_are_true(per_class):
    data = dataset()
    hidden = hide_labels(data, per_class)
    kept = hidden.train.labels >= 0
    assert np.bincount(hidden.train.labels[kept]).tolist() == [per_class] * 3
    np.testing.assert_array_equal(hidden.train.labels[kept], data.train.labels[kept])
    assert set(hidden.train.labels[~kept]) == {-1}
    assert hidden.train.labels.dtype == np.int32
    # Nothing else changes, and the given dataset stays as it is.
    assert hidden.train.images is data.train.images
    assert hidden.test is data.test
    assert hidden.info == data.info
    assert data.train.labels.min() == 0


def test_the_same_labels_are_kept_every_time_and_more_of_them_add_to_fewer():
    first, again, more, other = (
        hide_labels(dataset(), *arguments).train.labels for arguments in ((3,), (3,), (4,), (3, 1))
    )
    np.testing.assert_array_equal(first, again)
    assert np.all(more[first >= 0] >= 0)
    assert np.any(first != other)


def test_kept_labels_are_not_what_a_run_of_the_same_seed_sees_first():
    labels = np.arange(1000, dtype=np.int32) % 10
    split = Split(np.zeros((1000, 1, 1, 1), np.uint8), labels)
    for seed in range(3):
        hidden = hide_labels(Dataset("mine", split, split, tuple("0123456789")), 10, seed)
        seen = hidden.train.labels[batch_indices(seed, 0, 200, 1000)]
        assert 5 < np.sum(seen >= 0) < 40  # 20 of the 100 kept labels are expected


def test_without_a_number_all_labels_are_kept():
    data = dataset()
    assert hide_labels(data, None) is data


def test_more_labels_than_a_class_has():
    with pytest.raises(UsageError, match=r"6 labels of each class cannot be kept: mine has 5 .* of class ant"):
        hide_labels(dataset(), 6)


def test_data_without_labels():
    with pytest.raises(UsageError, match="mine have no labels"):
        hide_labels(dataset(labels=False), 1)


def test_fewer_than_one_label():
    with pytest.raises(UsageError, match=r"at least 1 .* not 0"):
        hide_labels(dataset(), 0)


def test_labelled_examples_are_those_whose_labels_were_kept():
    whole = load("digits", resolution=8)
    few = labelled(hide_labels(whole, 3, seed=1).train)
    assert len(few) == 30
    np.testing.assert_array_equal(np.bincount(few.labels), np.full(10, 3))
    kept = np.flatnonzero(hide_labels(whole, 3, seed=1).train.labels >= 0)
    np.testing.assert_array_equal(few.images, whole.train.images[kept])
    with pytest.raises(UsageError, match="there are no labels"):
        labelled(Split(few.images, None))
