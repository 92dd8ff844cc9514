"""Limits on the number of training images."""

import pickle
from dataclasses import replace

import numpy as np
import pytest

from gan_jax.common.errors import UsageError
from gan_jax.data import Dataset, Split, limit_training
from gan_jax.data.sources.fitted_array import FittedArray


@pytest.fixture
def dataset():
    images = np.arange(20, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 2, 1), np.uint8)
    return Dataset("numbers", Split(images, np.arange(20, dtype=np.int32)), Split(images[:4], None), ())


def numbers(split):
    return [int(split.images[i][0, 0, 0]) for i in range(len(split))]


def test_some_of_the_images_with_their_labels(dataset):
    few, more = (limit_training(dataset, count) for count in (5, 9))
    assert len(set(numbers(few.train))) == len(few.train) == 5
    assert numbers(few.train) == few.train.labels.tolist() == numbers(more.train)[:5]
    assert numbers(few.train) != [0, 1, 2, 3, 4]  # because the images of a folder are sorted by class
    assert few.train.in_memory
    assert few.test is dataset.test


def test_all_of_them(dataset):
    assert limit_training(dataset, None) is dataset
    assert sorted(numbers(limit_training(dataset, 20).train)) == list(range(20))


def test_images_that_are_decoded_on_demand_are_the_same_choice(dataset):
    lazy = replace(dataset, train=Split(FittedArray(dataset.train.images, 2), None))
    few = pickle.loads(pickle.dumps(limit_training(lazy, 5).train))  # as when it is sent to a process that decodes
    assert not few.in_memory
    assert few.images.shape == (5, 2, 2, 1)
    assert few.labels is None
    assert numbers(few) == numbers(limit_training(dataset, 5).train)


@pytest.mark.parametrize("count", [0, -3, 21])
def test_more_than_there_are_or_none_are_refused(dataset, count):
    with pytest.raises(UsageError, match=rf"--examples must be from 1 to numbers's 20 training images, not {count}"):
        limit_training(dataset, count)


def test_fewer_training_images_keep_their_targets():
    split = Split(
        np.arange(20, dtype=np.uint8).reshape(20, 1, 1, 1),
        None,
        np.arange(100, 120, dtype=np.uint8).reshape(20, 1, 1, 1),
    )
    few = limit_training(Dataset("mine", split, split, ()), 7).train
    assert len(few) == 7
    np.testing.assert_array_equal(few.targets, few.images + 100)
