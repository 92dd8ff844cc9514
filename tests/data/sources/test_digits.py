"""Scikit-learn's digits."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from gan_jax.data import load


def test_digits_are_those_of_scikit_learn():
    dataset = load("digits", resolution=8)
    assert dataset.image_shape == (8, 8, 1)
    assert len(dataset.train) + len(dataset.test) == 1797
    assert abs(len(dataset.test) - 1797 / 4) < 1
    assert dataset.train.images.dtype == np.uint8
    assert dataset.train.images.min() == 0
    assert dataset.train.images.max() == 255
    assert dataset.classes == tuple("0123456789")

    def as_set(images, labels):
        return sorted((image.tobytes(), int(label)) for image, label in zip(images, labels, strict=True))

    bunch = load_digits()
    original = as_set(np.rint(bunch.images * 255 / 16).astype(np.uint8), bunch.target)
    ours = as_set(dataset.train.images, dataset.train.labels) + as_set(dataset.test.images, dataset.test.labels)
    assert sorted(ours) == original
    shares = np.bincount(dataset.test.labels) / np.bincount(bunch.target)
    np.testing.assert_allclose(shares, 1 / 4, atol=0.01)


@pytest.mark.parametrize(("resolution", "where"), [((8, 12), np.s_[:, :, 2:10]), ((16, 9), np.s_[:, 3:12])])
def test_digits_stand_whole_in_the_middle_of_rectangles(resolution, where):
    dataset, square = load("digits", resolution=resolution), load("digits", resolution=min(resolution))
    assert dataset.image_shape == (*resolution, 1)
    np.testing.assert_array_equal(dataset.test.images[where], square.test.images)
    assert dataset.train.images.sum(dtype=int) == square.train.images.sum(dtype=int)
    np.testing.assert_array_equal(dataset.train.labels, square.train.labels)


def test_digits_at_another_resolution_are_the_same_digits():
    small, large = load("digits", resolution=8), load("digits", resolution=32)
    np.testing.assert_array_equal(small.train.labels, large.train.labels)
    blocks = large.train.images.reshape(-1, 8, 4, 8, 4).mean((2, 4))
    assert np.corrcoef(blocks.ravel(), small.train.images.ravel())[0, 1] > 0.97
