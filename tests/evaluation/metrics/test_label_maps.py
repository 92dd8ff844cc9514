import numpy as np
import pytest

from gan_jax.evaluation.metrics import mean_iou, pixel_accuracy, read_labels

PALETTE = np.array([[0, 0, 0], [255, 0, 0], [255, 255, 255]], np.uint8)


def test_a_pixel_has_the_label_of_the_nearest_colour():
    images = np.array([[[[0, 0, 0], [90, 30, 30], [160, 20, 0], [200, 150, 140], [240, 20, 90]]]], np.uint8)
    assert read_labels(images, PALETTE).tolist() == [[[0, 0, 1, 2, 1]]]
    rng = np.random.default_rng(0)
    images, palette = rng.integers(0, 256, (4, 6, 5, 3), np.uint8), rng.integers(0, 256, (9, 3), np.uint8)
    distances = np.square(images[..., None, :].astype(float) - palette).sum(-1)
    np.testing.assert_array_equal(read_labels(images, palette), distances.argmin(-1))


def test_accuracy_and_intersection_over_union_by_hand():
    truth = np.array([[[0, 0, 0, 0], [0, 0, 1, 1]]])
    labels = np.array([[[0, 0, 0, 1], [1, 0, 1, 2]]])
    assert pixel_accuracy(labels, truth) == 5 / 8
    # Label 0 has 4 of 6, label 1 has 1 of 4, label 2 has 0 of 1. The fourth label does not occur and does not count.
    assert mean_iou(labels, truth, 4) == pytest.approx((4 / 6 + 1 / 4 + 0) / 3)
    assert mean_iou(truth, truth, 4) == 1
