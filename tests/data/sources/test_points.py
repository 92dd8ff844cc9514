"""Points: mixtures of Gaussians and the spiral."""

import numpy as np
import pytest
from sklearn.datasets import make_swiss_roll

from gan_jax.data import batch_indices, load, take
from gan_jax.data.dataset import Mixture
from gan_jax.data.sources import swissroll
from gan_jax.data.sources.mixtures import GRID, RING, draw
from gan_jax.data.splits import shuffled, uniform


def test_the_means_are_those_of_the_papers():
    np.testing.assert_allclose(np.linalg.norm(RING.means, axis=1), 2)
    gaps = np.linalg.norm(RING.means - np.roll(RING.means, 1, axis=0), axis=1)
    np.testing.assert_allclose(gaps, 4 * np.sin(np.pi / 8))
    assert RING.means[0].tolist() == [2, 0]
    assert sorted(map(tuple, GRID.means)) == [(x, y) for x in range(-4, 5, 2) for y in range(-4, 5, 2)]
    assert (RING.deviation, GRID.deviation) == (0.02, 0.05)


@pytest.mark.parametrize(("name", "modes", "deviation"), [("ring", 8, 0.02), ("grid", 25, 0.05)])
def test_points_lie_about_the_mean_of_their_mode_in_equal_shares(name, modes, deviation):
    data = load(name, resolution=1)
    assert data.example_shape == (2,)
    assert data.info.dimensions == 2
    assert len(data.classes) == modes
    assert (len(data.train), len(data.test)) == (100_000, 10_000)
    for split in (data.train, data.test):
        assert (split.images.dtype, split.labels.dtype) == (np.float32, np.int32)
        assert split.in_memory
        n = len(split)
        offsets = split.images - data.origin.means[split.labels]
        # Within 5 standard errors.
        np.testing.assert_allclose(np.bincount(split.labels) / n, 1 / modes, atol=5 * (1 / modes / n) ** 0.5)
        np.testing.assert_allclose(offsets.std(0), deviation, rtol=5 / (2 * n) ** 0.5)
        np.testing.assert_allclose(offsets.mean(0), 0, atol=5 * deviation / n**0.5)
        assert abs(np.corrcoef(offsets.T)[0, 1]) < 5 / n**0.5
        # Of a Gaussian in the plane, half lie within sqrt(2 log 2) deviations.
        near = np.mean(np.linalg.norm(offsets, axis=1) < deviation * np.sqrt(2 * np.log(2)))
        assert near == pytest.approx(0.5, abs=2.5 / n**0.5)


def test_points_do_not_change_from_one_call_or_release_to_the_next():
    mixture = Mixture(np.array([[0.0, 0.0], [10.0, 10.0]]), 1.0)
    split = draw(mixture, 4, "name")
    np.testing.assert_array_equal(draw(mixture, 4, "name").images, split.images)
    assert not np.allclose(draw(mixture, 4, "other name").images, split.images)
    assert uniform(3, "a").round(6).tolist() == [0.384141, 0.220643, 0.339702]


def test_batches_and_subsets_have_all_modes():
    # If the same random words drew and shuffled the points, these would come mode by mode.
    split = load("ring", resolution=1).train
    for seed in range(3):
        for step in (0, 1, 390, 391):
            labels = take(split, batch_indices(seed, step, 256, len(split)))["label"]
            assert np.bincount(labels, minlength=8).min() > 10
    assert np.bincount(split.labels[shuffled(len(split), 0)[:2500]], minlength=8).min() > 200


def test_the_spiral_is_the_projected_roll_of_scikit_learn(monkeypatch):
    monkeypatch.setattr(swissroll, "TRAIN_COUNT", 3000)
    monkeypatch.setattr(swissroll, "TEST_COUNT", 1000)
    data = load("swissroll", resolution=1)
    assert (len(data.train), len(data.test)) == (3000, 1000)
    assert data.train.labels is None
    assert data.classes == ()
    points = np.concatenate([data.train.images, data.test.images])
    assert points.dtype == np.float32
    assert 1.7 < np.abs(points).max() < 2.2
    expected = make_swiss_roll(4000, noise=0.25, random_state=0)[0][:, [0, 2]] / 7.5
    np.testing.assert_allclose(points, expected, atol=1e-6)
    # On the spiral the distance from the centre grows with the angle, from 1.5 pi to 4.5 pi.
    radius, angle = np.linalg.norm(7.5 * points, axis=1), np.arctan2(points[:, 1], points[:, 0])
    turns = (radius - angle) / (2 * np.pi)
    assert np.abs(turns - turns.round()).max() < 0.3
    assert 1.5 * np.pi - 1.5 < radius.min() < radius.max() < 4.5 * np.pi + 1.5


def test_points_ignore_the_resolution():
    np.testing.assert_array_equal(load("grid", resolution=8).test.images, load("grid", resolution=64).test.images)
