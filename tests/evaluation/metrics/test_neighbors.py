import numpy as np
import pytest

from gan_jax.evaluation.metrics import nearest, neighbors


@pytest.mark.parametrize(("rows", "columns"), [(1024, 4096), (16, 40)])
def test_the_nearest_rows_are_those_of_all_distances(rows, columns, monkeypatch):
    monkeypatch.setattr(neighbors, "_ROWS", rows)
    monkeypatch.setattr(neighbors, "_COLUMNS", columns)
    rng = np.random.default_rng(3)
    a, b = 30 * rng.normal(size=(50, 64)).astype(np.float32) + 5, 30 * rng.normal(size=(200, 64)).astype(np.float32)
    b[120:150] = a[:30]
    b[7] = a[3]  # twice: the first one counts
    found, indices = nearest(a, b)
    assert np.all(found[:30] == 0)
    assert indices[:6].tolist() == [120, 121, 122, 7, 124, 125]
    whole = np.linalg.norm(a[:, None].astype(float) - b, axis=2)
    np.testing.assert_allclose(found, whole.min(axis=1), rtol=1e-12)
    np.testing.assert_array_equal(indices, whole.argmin(axis=1))


def test_close_rows_far_from_the_origin_are_told_apart():
    rng = np.random.default_rng(0)
    b = 1e4 + 1e-3 * rng.normal(size=(500, 20))
    a = b[::-1][:40] + 1e-9
    found, indices = nearest(a, b)
    np.testing.assert_array_equal(indices, np.arange(499, 459, -1))
    assert np.all(found < 1e-7)


def test_bounds_hold_the_exact_distances():
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=(n, 300)).astype(np.float32) * 100 for n in (70, 90))
    points, others = neighbors._around_mean(a, b)
    exact = np.square(a[:, None].astype(float) - b).sum(axis=2)
    ((rows, columns, low),) = points.tiles(others)
    assert (rows, columns) == (slice(0, 70), slice(0, 90))
    i, j = (x.ravel() for x in np.indices(low.shape))
    pairs = points.pairs(others, i, j, low.ravel())
    assert np.all(pairs.low <= exact.ravel())
    assert np.all(pairs.high >= exact.ravel())
    assert np.all(pairs.high - pairs.low < 3e-4 * exact.ravel())


def test_radii_are_exact_order_statistics():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 10)).astype(np.float32)
    x[:20] = x[0]
    exact = np.sort(np.square(x[:, None].astype(float) - x).sum(axis=2), axis=1)
    radii = neighbors.neighbor_radii(neighbors.Points(x, x.mean(axis=0)), (1, 4, 7))
    for k, found in radii.items():
        np.testing.assert_allclose(found, exact[:, k], rtol=1e-12)
    assert np.all(radii[7][:20] == 0)


def test_products_on_a_device_are_those_of_numpy():
    a, b = np.random.default_rng(0).normal(size=(2, 30, 40)).astype(np.float32)
    np.testing.assert_allclose(neighbors._on_device(a, b), a @ b.T, atol=1e-4)
