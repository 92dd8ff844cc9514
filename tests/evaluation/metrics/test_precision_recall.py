import numpy as np
import pytest

from gan_jax.common.errors import UsageError
from gan_jax.evaluation.metrics import nearest_distances, neighbors, precision_recall


def brute_force(real: np.ndarray, fake: np.ndarray, k: int) -> tuple[float, float]:
    """Equations 1 and 2 of Kynkaanniemi et al. 2019, one pair of points at a time."""

    def share_inside(points, manifold):
        radii = [sorted(np.linalg.norm(x - y) for j, y in enumerate(manifold) if j != i)[k - 1]
                 for i, x in enumerate(manifold)]  # fmt: skip
        inside = [any(np.linalg.norm(p - x) <= r for x, r in zip(manifold, radii, strict=True)) for p in points]
        return float(np.mean(inside))

    return share_inside(fake, real), share_inside(real, fake)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_agrees_with_brute_force_whatever_the_blocks(k, monkeypatch):
    rng = np.random.default_rng(k)
    real, fake = rng.normal(size=(40, 3)), rng.normal(size=(55, 3)) + 1.5
    expected = brute_force(real, fake, k)
    assert 0 < min(expected) < max(expected) < 1
    for block in (1000, 7):
        monkeypatch.setattr(neighbors, "_BLOCK", block)
        assert precision_recall(real, fake, k) == expected


def test_equal_sets_are_precise_and_recalled_and_distant_ones_neither():
    x = np.random.default_rng(0).normal(size=(2500, 16)).astype(np.float32)
    assert precision_recall(x, x) == (1, 1)
    assert precision_recall(x, x + 100) == (0, 0)


def test_a_copy_on_the_very_edge_of_a_ball_is_inside():
    # With k=1 and these, every ball reaches from its point to exactly the other of its pair.
    rng = np.random.default_rng(2)
    real = np.concatenate([x + 1000 * np.arange(200)[:, None] for x in rng.normal(size=(2, 200, 5))])
    assert precision_recall(real, real[200:], k=1)[0] == 1
    # Integers: the ball around 0 reaches to 1 and -1, not beyond.
    assert precision_recall(np.array([[0], [1], [10], [11]]), np.array([[-1], [2], [-2], [3]]), k=1)[0] == 0.5


def test_a_dropped_mode_lowers_recall_alone_and_an_invented_one_precision_alone():
    rng = np.random.default_rng(1)
    two, also_two = (np.concatenate([rng.normal(size=(300, 2)), rng.normal(size=(300, 2)) + 50]) for _ in range(2))
    one = rng.normal(size=(300, 2))
    precision, recall = precision_recall(two, one)
    assert precision > 0.9
    assert 0.4 < recall <= 0.5
    precision, recall = precision_recall(one, two)
    assert 0.4 < precision <= 0.5
    assert recall > 0.9
    assert min(precision_recall(two, also_two)) > 0.9


def test_the_grid_is_exact_for_copies_and_close_for_the_rest():
    rng = np.random.default_rng(3)
    a, b = 30 * rng.normal(size=(50, 64)).astype(np.float32) + 5, rng.normal(size=(2000, 64)).astype(np.float32)
    b[1500:1550] = a
    assert np.all(nearest_distances(a, b) == 0)
    expected = np.linalg.norm(a[:, None] - b[None, :1500], axis=2).min(axis=1)
    np.testing.assert_allclose(nearest_distances(a, b[:1500]), expected, rtol=1e-5)
    assert nearest_distances(np.ones((3, 2)), np.ones((4, 2))).tolist() == [0, 0, 0]


def test_refuses_too_few_rows_and_unequal_columns():
    with pytest.raises(UsageError, match="k=3 need at least 4 rows, not 3 and 9"):
        precision_recall(np.zeros((3, 2)), np.zeros((9, 2)))
    with pytest.raises(UsageError, match=r"not \(9, 2\) and \(9, 3\)"):
        precision_recall(np.zeros((9, 2)), np.zeros((9, 3)))


def test_the_nearest_distance_is_that_of_the_nearest_and_0_for_copies():
    b = np.array([[0.0, 0.0], [10.0, 0.0]])
    assert nearest_distances(np.array([[3.0, 4.0], [10.0, 0.0]]), b).tolist() == [5.0, 0.0]
