import numpy as np
import pytest
from support.torch_fidelity import torch_fidelity

from gan_jax.common.errors import UsageError
from gan_jax.evaluation.metrics import Neighborhoods, density_coverage, manifold_measures, neighbors, precision_recall


def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """One pair of points at a time, in float64."""
    return np.array([[np.sum((x - y) ** 2) for y in b.astype(float)] for x in a.astype(float)])


def brute_force(real: np.ndarray, fake: np.ndarray, k: int, many: int) -> tuple[float, float, float, float]:
    """Equations 1 and 2 of Kynkaanniemi et al. 2019, and 3 and 4 of Naeem et al. 2020."""
    between = distances(real, fake)
    radii = np.sort(distances(real, real), axis=1)
    fake_radii = np.sort(distances(fake, fake), axis=1)[:, k]
    inside = between <= radii[:, many, None]
    return (
        np.any(between <= radii[:, k, None], axis=0).mean(),
        np.any(between <= fake_radii, axis=1).mean(),
        inside.sum() / (many * len(fake)),
        inside.any(axis=1).mean(),
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_agrees_with_brute_force_whatever_the_tiles(dtype, monkeypatch):
    rng = np.random.default_rng(0)
    real, fake = ((scale * rng.normal(size=(n, 3)) + 1e3).astype(dtype) for n, scale in ((41, 40.0), (56, 50.0)))
    fake[:9] = real[:9]  # copies
    fake[20:30] = fake[20]  # of each other
    real[30:34] = real[30]
    expected = brute_force(real, fake, 3, 5)
    assert min(expected) > 0
    assert max(expected[:2]) < 1
    for rows, columns in ((1024, 4096), (8, 16), (16, 7)):
        monkeypatch.setattr(neighbors, "_ROWS", rows)
        monkeypatch.setattr(neighbors, "_COLUMNS", columns)
        assert manifold_measures(Neighborhoods(real), fake) == pytest.approx(expected, abs=1e-12)
        assert (*precision_recall(real, fake), *density_coverage(real, fake)) == pytest.approx(expected, abs=1e-12)


def test_agrees_with_torch_fidelity():
    torch_fidelity()
    import torch
    from torch_fidelity.metric_prc import prc_features_to_metric

    rng = np.random.default_rng(1)
    real, fake = (rng.normal(shift, 1, (300, 20)).astype(np.float32) for shift in (0, 0.3))
    theirs = prc_features_to_metric(torch.from_numpy(fake), torch.from_numpy(real), verbose=False)
    found = precision_recall(real, fake)
    assert 0.1 < min(found) < max(found) < 0.9
    assert found == (pytest.approx(theirs["precision"]), pytest.approx(theirs["recall"]))


def test_equal_sets_are_precise_recalled_and_covered_and_distant_ones_neither():
    x = np.random.default_rng(0).normal(size=(2500, 16)).astype(np.float32)
    assert precision_recall(x, x) == (1, 1)
    assert precision_recall(x, x + 100) == (0, 0)
    # Each ball holds its own point and 5 others.
    assert density_coverage(x, x) == (pytest.approx(6 / 5), 1)
    assert density_coverage(x, x + 100) == (0, 0)


def test_as_many_other_points_of_the_same_distribution_have_the_expected_density_and_coverage():
    x, y = np.random.default_rng(0).normal(size=(2, 4000, 8)).astype(np.float32)
    density, coverage = density_coverage(x, y)
    assert density == pytest.approx(1, abs=0.03)
    assert coverage == pytest.approx(1 - 2**-5, abs=0.01)


def test_an_outlier_among_real_points_fools_precision_and_not_density():
    # Figure 2 of Naeem et al. 2020: the ball of the outlier holds the fake points.
    rng = np.random.default_rng(0)
    real = np.concatenate([rng.normal(size=(200, 2)), [[30.0, 0.0]]])
    fake = rng.normal(size=(200, 2)) / 4 + [25.0, 0.0]
    precision, _ = precision_recall(real, fake)
    density, coverage = density_coverage(real, fake)
    assert precision == 1
    assert density < 0.3
    assert coverage < 0.02


def test_a_copy_on_the_very_edge_of_a_ball_is_inside():
    # With k=1 and these, every ball reaches from its point to exactly the other of its pair.
    rng = np.random.default_rng(2)
    real = np.concatenate([x + 1000 * np.arange(200)[:, None] for x in rng.normal(size=(2, 200, 5))])
    assert precision_recall(real, real[200:], k=1)[0] == 1
    assert density_coverage(real, real[200:], k=1) == (2, 1)
    # Integers: the ball around 0 reaches to 1 and -1, not beyond.
    assert precision_recall(np.array([[0], [1], [10], [11]]), np.array([[-1], [2], [-2], [3]]), k=1)[0] == 0.5


def test_a_dropped_mode_lowers_recall_and_coverage_alone_and_an_invented_one_precision_and_density():
    rng = np.random.default_rng(1)
    two, also_two = (np.concatenate([rng.normal(size=(300, 2)), rng.normal(size=(300, 2)) + 50]) for _ in range(2))
    one = rng.normal(size=(300, 2))
    dropped = manifold_measures(Neighborhoods(two), one)
    assert dropped.precision > 0.9
    assert dropped.density == pytest.approx(1, abs=0.2)
    assert 0.4 < dropped.recall <= 0.5
    assert 0.4 < dropped.coverage <= 0.5
    invented = manifold_measures(Neighborhoods(one), two)
    assert 0.4 < invented.precision <= 0.5
    assert invented.density == pytest.approx(0.5, abs=0.1)
    assert min(invented.recall, invented.coverage) > 0.9
    assert min(manifold_measures(Neighborhoods(two), also_two)) > 0.9


def test_thousands_of_copies_need_no_thousands_of_pairs():
    collapsed = np.repeat(np.random.default_rng(0).normal(size=(3, 8)), 2000, axis=0)
    assert precision_recall(collapsed, collapsed[::2]) == (1, 1)
    points = neighbors.Points(collapsed, np.zeros(8))
    assert len(neighbors._close_pairs(points.some(neighbors._without_copies(collapsed, 6)[0]), 6).i) == 3 * 6 * 6


def test_refuses_too_few_rows_unequal_columns_and_what_is_not_finite():
    with pytest.raises(UsageError, match="k=3 need at least 4 rows, not 3"):
        precision_recall(np.zeros((3, 2)), np.zeros((9, 2)))
    with pytest.raises(UsageError, match="k=3 need at least 4 rows, not 2"):
        precision_recall(np.zeros((9, 2)), np.zeros((2, 2)))
    with pytest.raises(UsageError, match=r"not \(9, 2\) and \(9, 3\)"):
        precision_recall(np.zeros((9, 2)), np.zeros((9, 3)))
    with pytest.raises(UsageError, match="not finite"):
        density_coverage(np.full((9, 2), np.nan), np.zeros((9, 2)))
