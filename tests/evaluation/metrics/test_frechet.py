import numpy as np
import pytest
from scipy.linalg import sqrtm
from support.torch_fidelity import torch_fidelity

from gan_jax.common.errors import UsageError
from gan_jax.evaluation.metrics import frechet_distance, intra_class_frechet_distance


def whitened(rng: np.random.Generator, count: int, columns: int) -> np.ndarray:
    """Rows whose sample mean is exactly 0 and whose sample covariance is exactly the identity."""
    x = rng.normal(size=(count, columns))
    x -= x.mean(0)
    return x @ np.linalg.inv(np.linalg.cholesky(np.cov(x, rowvar=False).reshape(columns, columns))).T


def test_agrees_with_the_closed_form_of_gaussians_in_one_dimension():
    x = whitened(np.random.default_rng(0), 500, 1)
    # (mu_a - mu_b)^2 + (sigma_a - sigma_b)^2
    assert frechet_distance(2 * x + 1, 5 * x - 3) == pytest.approx(4**2 + 3**2)


def test_agrees_with_the_closed_form_of_commuting_covariances():
    rng = np.random.default_rng(1)
    x, y = whitened(rng, 300, 4), whitened(rng, 200, 4)
    sigma_x, sigma_y, shift = rng.uniform(0.1, 3, (3, 4))
    expected = np.sum(shift**2) + np.sum((sigma_x - sigma_y) ** 2)
    assert frechet_distance(x * sigma_x + shift, y * sigma_y) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_the_formula_by_matrix_square_root(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(80, 6)) @ rng.normal(size=(6, 6)) + rng.normal(size=6), rng.gamma(2, size=(50, 6))
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = np.real(sqrtm(cov_a @ cov_b))
    expected = np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(cov_a + cov_b - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(b, a) == pytest.approx(expected, rel=1e-9)


def test_is_zero_between_equal_sets_in_any_order_even_with_singular_covariance():
    rng = np.random.default_rng(2)
    for shape in ((100, 8), (5, 64)):  # the second has fewer rows than columns
        x = 100 * rng.normal(size=shape)
        x[:, 0] = 7.0
        assert frechet_distance(x, rng.permutation(x)) == pytest.approx(0, abs=1e-8)


def test_fewer_rows_than_columns_agree_with_the_closed_form():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(5, 64))
    # Covariances S and 9 S: Tr(S + 9 S - 6 S) = 4 Tr S.
    centred = x - x.mean(0)
    expected = 4 * np.cov(centred, rowvar=False).trace()
    assert frechet_distance(centred, 3 * centred) == pytest.approx(expected)


def test_does_not_change_with_rotation_and_shift():
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(60, 5)), 2 * rng.normal(size=(70, 5)) + 1
    rotation, _ = np.linalg.qr(rng.normal(size=(5, 5)))
    shift = rng.normal(size=5)
    assert frechet_distance(a @ rotation + shift, b @ rotation + shift) == pytest.approx(frechet_distance(a, b))


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (np.zeros((1, 3)), np.zeros((5, 3)), "at least 2 rows"),
        (np.zeros((5, 3)), np.zeros((5, 4)), r"not \(5, 3\) and \(5, 4\)"),
        (np.zeros(5), np.zeros(5), r"features \(N, d\)"),
    ],
)
def test_refuses_what_is_not_two_sets_of_features(a, b, message):
    with pytest.raises(UsageError, match=message):
        frechet_distance(a, b)


def test_agrees_with_torch_fidelity():
    torch_fidelity()
    import torch
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

    rng = np.random.default_rng(5)
    a, b = (
        (rng.normal(size=(600, 100)) * np.exp(-np.arange(100) / 30) + shift).astype(np.float32) for shift in (0, 0.1)
    )
    statistics = (fid_features_to_statistics(torch.from_numpy(x.astype(np.float64))) for x in (a, b))
    theirs = fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]
    assert theirs > 0.1
    assert frechet_distance(a, b) == pytest.approx(theirs, rel=1e-6)


def test_features_that_are_not_finite_are_refused():
    broken = np.zeros((5, 3))
    broken[2, 1] = np.nan
    with pytest.raises(UsageError, match="not finite"):
        frechet_distance(broken, np.zeros((5, 3)))


def test_within_classes_it_is_the_mean_over_classes():
    rng = np.random.default_rng(6)
    real, fake = rng.normal(size=(90, 4)), 2 * rng.normal(size=(120, 4))
    real_labels, fake_labels = np.arange(90) % 3, np.arange(120) % 3
    fake_labels[:6] = -1  # of no known class
    expected = np.mean([frechet_distance(real[real_labels == k], fake[fake_labels == k]) for k in range(3)])
    assert intra_class_frechet_distance(real, real_labels, fake, fake_labels) == pytest.approx(expected)
    # Numbers that neither set has are no classes.
    assert intra_class_frechet_distance(real, 5 * real_labels, fake, 5 * fake_labels) != pytest.approx(0)


def test_within_classes_it_sees_exchanged_classes_that_the_whole_does_not_show():
    rng = np.random.default_rng(7)
    x, labels = rng.normal(size=(200, 3)), np.arange(200) % 2
    x[labels == 1] += 10
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)
    assert intra_class_frechet_distance(x, labels, x, labels) == pytest.approx(0, abs=1e-9)
    assert intra_class_frechet_distance(x, labels, x, 1 - labels) > 250


def test_a_class_that_only_one_set_has_is_refused():
    x = np.random.default_rng(0).normal(size=(10, 2))
    with pytest.raises(UsageError, match="class 1 has 5 real and 0 fake ones"):
        intra_class_frechet_distance(x, np.arange(10) % 2, x, np.zeros(10, int))
