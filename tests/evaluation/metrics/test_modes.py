"""Coverage of modes, compared with values computed by hand."""

import numpy as np
import pytest
from scipy.stats import entropy

from gan_jax.data.sources.mixtures import GRID, draw
from gan_jax.evaluation.metrics import label_coverage, mixture_coverage
from gan_jax.evaluation.metrics.modes import kl_divergence

MEANS = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]])


def test_a_mode_is_covered_by_a_point_within_three_deviations():
    points = np.array([[0, 0], [0.29, 0], [0.31, 0], [0, 0.4], [9.71, 0], [10, 0.31], [0, 9.6], [0, 10.5]])
    covered, high_quality, reverse_kl = mixture_coverage(points, MEANS, 0.1)
    assert covered == 2  # modes 0 and 1; the points nearest to mode 2 are too far away
    assert high_quality == 3 / 8
    # Mode 0 is the nearest of 4 points, modes 1 and 2 of 2 points each, and mode 3 of none.
    assert reverse_kl == pytest.approx(0.5 * np.log(0.5 / 0.25) + 2 * 0.25 * np.log(0.25 / 0.25))


def test_collapse_onto_one_mode_costs_the_log_of_their_number():
    coverage = mixture_coverage(np.tile(MEANS[1], (50, 1)), MEANS, 0.1)
    assert coverage == (1, 1.0, pytest.approx(np.log(4)))
    assert mixture_coverage(np.tile(MEANS, (9, 1)), MEANS, 0.1) == (4, 1.0, 0.0)
    assert mixture_coverage(MEANS + 1, MEANS, 0.1) == (0, 0.0, 0.0)


def test_real_points_have_the_high_quality_share_of_a_gaussian_in_the_plane():
    coverage = mixture_coverage(draw(GRID, 20_000, "some").images, GRID.means, GRID.deviation)
    share = 1 - np.exp(-9 / 2)
    assert coverage.covered == 25
    assert coverage.high_quality == pytest.approx(share, abs=5 * (share * (1 - share) / 20_000) ** 0.5)
    assert 0 < coverage.reverse_kl < 5 * 24 / 40_000  # its expectation is about (M - 1) / 2N


def test_points_that_are_not_finite_cover_nothing():
    assert mixture_coverage(np.full((5, 2), np.nan), MEANS, 0.1).covered == 0


def test_labels_are_compared_with_the_shares_expected():
    expected = np.array([0.5, 0.25, 0.125, 0.125])
    labels = np.array([0, 0, 1, 1])
    coverage = label_coverage(labels, expected)
    assert coverage == (2, pytest.approx(0.5 * np.log(0.5 / 0.5) + 0.5 * np.log(0.5 / 0.25)))
    assert label_coverage(np.repeat([0, 1, 2, 3], [4, 2, 1, 1]), expected) == (4, 0.0)


def test_the_divergence_is_that_of_scipy():
    rng = np.random.default_rng(0)
    counts, expected = rng.integers(0, 5, 40), rng.dirichlet(np.ones(40))
    assert kl_divergence(counts, expected) == pytest.approx(entropy(counts, expected))
