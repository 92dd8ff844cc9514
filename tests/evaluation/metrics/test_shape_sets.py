"""Measures of sets of shapes, by hand and by scikit-learn's nearest neighbours."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from gan_jax.evaluation.metrics.shape_sets import (
    coverage,
    iou_distances,
    minimum_matching_distance,
    nearest_neighbor_accuracy,
)


def drawn(count, seed, share=0.4):
    return np.random.default_rng(seed).random((count, 4, 4, 4)) < share


def test_distances_are_one_minus_iou():
    a, b = drawn(5, 0), drawn(7, 1)
    expected = [[1 - (x & y).sum() / (x | y).sum() for y in b] for x in a]
    np.testing.assert_allclose(iou_distances(a, b), expected, rtol=1e-5)
    empty = np.zeros((1, 4, 4, 4), bool)
    assert iou_distances(empty, empty) == 0
    assert iou_distances(empty, a).tolist() == [[1] * 5]
    with pytest.raises(ValueError, match="cannot be compared"):
        iou_distances(a, np.zeros((2, 4, 4, 5), bool))


def test_coverage_and_matching_distance_by_hand():
    distances = np.array([[0.1, 0.5, 0.9], [0.2, 0.6, 0.8], [0.7, 0.3, 0.4]])
    # The nearest references are 0, 0 and 1. Those of the references have distances 0.1, 0.3 and 0.4.
    assert coverage(distances) == pytest.approx(2 / 3)
    assert minimum_matching_distance(distances) == pytest.approx(0.8 / 3)


@pytest.mark.parametrize("share", [0.4, 0.45, 0.7])
def test_the_accuracy_is_that_of_a_classifier_that_leaves_one_out(share):
    a, b = drawn(20, 0), drawn(20, 1, share)
    both = np.concatenate([a, b])
    distances, labels = iou_distances(both, both), np.arange(40) >= 20
    right = []
    for i in range(40):
        others = np.arange(40) != i
        classifier = KNeighborsClassifier(1, metric="precomputed")
        classifier.fit(distances[np.ix_(others, others)], labels[others])
        right.append(classifier.predict(distances[i, others][None])[0] == labels[i])
    found = nearest_neighbor_accuracy(iou_distances(a, a), iou_distances(a, b), iou_distances(b, b))
    ties = 2 / 40  # scikit-learn takes the first of shapes that are equally near
    assert found == pytest.approx(np.mean(right), abs=ties)


def test_copies_cannot_be_told_apart_and_other_shapes_can():
    a = drawn(10, 0)
    same = iou_distances(a, a)
    # The copy of a shape is nearer than all others of its own set.
    assert nearest_neighbor_accuracy(same, same, same) == 0
    a[:, 2:], far = False, drawn(10, 1)  # in two halves of the volume
    far[:, :2] = False
    assert nearest_neighbor_accuracy(iou_distances(a, a), iou_distances(a, far), iou_distances(far, far)) == 1
    one = np.zeros((3, 3))
    assert nearest_neighbor_accuracy(one, one, one) == 0.5
