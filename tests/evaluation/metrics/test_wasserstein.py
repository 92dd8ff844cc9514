"""The sliced Wasserstein distance of sets of points, against SciPy and distances that are known."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.stats import wasserstein_distance

from gan_jax.common.errors import UsageError
from gan_jax.evaluation.metrics import sliced_wasserstein_distance


def test_it_is_that_of_the_best_assignment_in_each_direction():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(20, 2)), rng.uniform(-1, 3, size=(20, 2)) ** 2
    squares = []
    for angle in np.linspace(0, np.pi, 64, endpoint=False):
        x, y = (points[:, 0] * np.cos(angle) + points[:, 1] * np.sin(angle) for points in (a, b))
        costs = (x[:, None] - y) ** 2
        squares.append(costs[linear_sum_assignment(costs)].mean())
    assert sliced_wasserstein_distance(a, b) == pytest.approx(np.sqrt(np.mean(squares)), rel=1e-12)


def test_the_sliced_distance_of_a_shift_is_its_length_over_the_root_of_two():
    a = np.random.default_rng(1).normal(size=(200, 2))
    assert sliced_wasserstein_distance(a, a[::-1]) == 0
    for shift in ([3.0, 0.0], [0.0, 3.0], [1.8, -2.4]):
        assert sliced_wasserstein_distance(a, a + shift) == pytest.approx(3 / np.sqrt(2))
    # Scaling by 2 moves each x u by itself, so the distance is the root of the mean of (x u)^2, which is |x|^2 / 2.
    assert sliced_wasserstein_distance(a, 2 * a) == pytest.approx(np.sqrt(np.mean(np.sum(a**2, 1)) / 2), rel=1e-6)


def test_on_a_line_it_is_the_distance_on_the_line():
    # All points move equally far along the x axis, so W_2 is W_1, and the mean of cos^2 over directions is 1/2.
    x = np.random.default_rng(2).normal(size=300)
    a, b = (np.stack([values, np.zeros(300)], 1) for values in (x, x + 0.7))
    assert sliced_wasserstein_distance(a, b) == pytest.approx(wasserstein_distance(x, x + 0.7) / np.sqrt(2))


def test_sets_of_unequal_size_are_refused():
    with pytest.raises(UsageError, match=r"not \(3, 2\) and \(4, 2\)"):
        sliced_wasserstein_distance(np.zeros((3, 2)), np.zeros((4, 2)))
    with pytest.raises(UsageError, match="two sets of points"):
        sliced_wasserstein_distance(np.zeros((3, 3)), np.zeros((3, 3)))
