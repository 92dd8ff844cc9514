import numpy as np
import pytest
from support.torch_fidelity import torch_fidelity

from gan_jax.common.errors import UsageError
from gan_jax.evaluation.metrics import kernel_distance


def by_pairs(x: np.ndarray, y: np.ndarray) -> float:
    """Equation 4 of Binkowski et al. 2018, one pair at a time."""

    def k(a, b):
        return (a @ b / len(a) + 1) ** 3

    n = len(x)
    within = sum(k(z[i], z[j]) for z in (x, y) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    return within - 2 * sum(k(a, b) for a in x for b in y) / n**2


def test_agrees_with_the_sum_over_pairs():
    x, y = np.random.default_rng(0).normal([[[0.0]], [[0.5]]], 1, (2, 12, 5))
    assert kernel_distance(x, y, size=12).mean == pytest.approx(by_pairs(x, y), rel=1e-12)
    assert kernel_distance(x, y, size=1000) == kernel_distance(x, y, size=12)  # there are no more
    assert kernel_distance(x, y, size=12).deviation == 0


def test_agrees_with_torch_fidelity():
    torch_fidelity()
    import torch
    from torch_fidelity.metric_kid import kid_features_to_metric

    rng = np.random.default_rng(1)
    x, y = (rng.normal(shift, 1, (400, 50)) for shift in (0, 0.2))
    both = (torch.from_numpy(each) for each in (x, y))
    theirs = kid_features_to_metric(*both, kid_subsets=1, kid_subset_size=400, verbose=False)
    assert kernel_distance(x, y).mean == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-9)
    single = kernel_distance(x.astype(np.float32), y.astype(np.float32)).mean
    assert single == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-4)


def test_the_estimate_is_unbiased_and_the_same_for_the_same_seed():
    x, y = np.random.default_rng(2).normal(size=(2, 3000, 8))
    alike = kernel_distance(x, y, subsets=60, size=200)
    assert abs(alike.mean) < 4 * alike.deviation / 60**0.5
    assert alike.mean < 0.1 * kernel_distance(x, y + 0.5, subsets=20, size=200).mean
    assert kernel_distance(x, y, 5, 100, seed=3) == kernel_distance(x, y, 5, 100, seed=3)
    assert kernel_distance(x, y, 5, 100, seed=3) != kernel_distance(x, y, 5, 100, seed=4)


def test_refuses_too_few_rows_and_unequal_columns():
    with pytest.raises(UsageError, match="at least 2 rows each, not 1 and 9"):
        kernel_distance(np.zeros((1, 2)), np.zeros((9, 2)))
    with pytest.raises(UsageError, match=r"not \(9, 2\) and \(9, 3\)"):
        kernel_distance(np.zeros((9, 2)), np.zeros((9, 3)))
