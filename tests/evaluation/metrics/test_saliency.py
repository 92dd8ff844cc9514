import numpy as np
import pytest
from scipy.special import rel_entr
from sklearn.metrics import roc_auc_score

from gan_jax.evaluation.metrics import saliency


@pytest.fixture
def case():
    """A map with ties, fixations with one pixel twice, those in other pictures, and a density."""
    rng = np.random.default_rng(3)
    values = rng.integers(0, 9, (12, 17)) / 8
    fixations = np.stack([rng.integers(0, 12, 30), rng.integers(0, 17, 30)], 1)
    fixations[1] = fixations[0]
    others = np.stack([rng.integers(0, 12, 55), rng.integers(0, 17, 55)], 1)
    return values, fixations, others, rng.uniform(size=(12, 17)) ** 3


def test_auc_judd_is_scikit_learns_area_over_all_pixels(case):
    values, fixations, _, _ = case
    fixated = np.zeros(values.shape, int)
    for row, column in fixations:
        fixated[row, column] = 1
    expected = roc_auc_score(fixated.ravel(), values.ravel())
    assert saliency.auc_judd(values, fixations) == pytest.approx(expected, rel=1e-12)


def test_shuffled_auc_is_scikit_learns_area_of_these_fixations_over_the_others(case):
    values, fixations, others, _ = case
    scores = [values[row, column] for row, column in (*fixations, *others)]
    expected = roc_auc_score([1] * len(fixations) + [0] * len(others), scores)
    assert saliency.shuffled_auc(values, fixations, others) == pytest.approx(expected, rel=1e-12)


def test_the_other_measures_are_their_formulas(case):
    values, fixations, _, density = case
    scores = [(values[row, column] - np.mean(values)) / np.std(values) for row, column in fixations]
    assert saliency.normalized_scanpath_saliency(values, fixations) == pytest.approx(np.mean(scores))
    assert saliency.correlation(values, density) == pytest.approx(np.corrcoef(values.ravel(), density.ravel())[0, 1])
    p, q = values / values.sum(), density / density.sum()
    assert saliency.similarity(values, density) == pytest.approx(1 - np.abs(p - q).sum() / 2)
    p = (values + 0.1) / (values + 0.1).sum()
    assert saliency.kl_divergence(values + 0.1, density) == pytest.approx(rel_entr(q, p).sum())


def test_the_truth_is_perfect_and_a_constant_says_nothing(case):
    _, fixations, others, density = case
    assert saliency.correlation(3 * density, density) == pytest.approx(1)
    assert saliency.similarity(3 * density, density) == pytest.approx(1)
    assert saliency.kl_divergence(3 * density, density) == pytest.approx(0, abs=1e-12)
    seen = np.zeros(density.shape)
    seen[tuple(fixations.T)] = 1
    assert saliency.auc_judd(seen, fixations) == 1
    for constant in (np.zeros(density.shape), np.ones(density.shape)):
        assert saliency.auc_judd(constant, fixations) == 0.5
        assert saliency.shuffled_auc(constant, fixations, others) == 0.5
        assert saliency.normalized_scanpath_saliency(constant, fixations) == 0
        assert saliency.correlation(constant, density) == 0
        assert np.isfinite(saliency.kl_divergence(constant, density))


def test_a_pixel_that_is_impossible_costs_a_lot():
    true = np.array([[0.5, 0.5, 0.0]])
    assert saliency.kl_divergence(np.array([[1.0, 0.0, 1.0]]), true) > 15
