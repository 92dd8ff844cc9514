"""Errors of pixels, and the closest training images, against loops."""

import numpy as np
import pytest

from gan_jax.evaluation.inversion import closest_images, pixel_errors


def images(count, seed):
    return np.random.default_rng(seed).integers(0, 256, (count, 4, 6, 3)).astype(np.uint8)


def test_the_closest_image_is_that_of_a_loop():
    wanted, training = images(7, 0), images(40, 1)
    known = np.random.default_rng(2).random((4, 6)) < 0.6
    found = closest_images(wanted, known, training)
    for i in range(7):
        distances = [np.square(wanted[i][known].astype(float) - other[known]).sum() for other in training]
        np.testing.assert_array_equal(found[i], training[np.argmin(distances)])


def test_errors_are_root_mean_squares_over_the_pixels_that_count():
    a, b = np.zeros((2, 4, 6, 3), np.uint8), np.zeros((2, 4, 6, 3), np.uint8)
    b[0, 0, 0] = 255
    b[1] = 51
    assert pixel_errors(a, b) == pytest.approx([np.sqrt(1 / 24), 0.2])
    where = np.zeros((4, 6), bool)
    where[0, :2] = True
    assert pixel_errors(a, b, where) == pytest.approx([np.sqrt(1 / 2), 0.2])
