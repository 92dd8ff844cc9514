"""The ring of Gaussians has the modes, the deviation and the shares that it says."""

import jax
import numpy as np

from gan_jax.data.mixtures import ring_of_gaussians


def test_points_lie_about_the_means_in_equal_shares():
    points = np.asarray(ring_of_gaussians(jax.random.key(0), 20_000, modes=5, radius=3.0, deviation=0.1))
    angles = 2 * np.pi * np.arange(5) / 5
    means = 3 * np.stack([np.cos(angles), np.sin(angles)], 1)
    apart = points[:, None] - means
    nearest = np.argmin(np.linalg.norm(apart, axis=2), axis=1)
    offsets = apart[np.arange(len(points)), nearest]
    # 20,000 draws: shares and deviations are within 5 standard errors.
    np.testing.assert_allclose(np.bincount(nearest) / len(points), 0.2, atol=5 * 0.4 / 20_000**0.5)
    np.testing.assert_allclose(offsets.std(0), 0.1, rtol=5 / 40_000**0.5)
    np.testing.assert_allclose(offsets.mean(0), 0, atol=5 * 0.1 / 20_000**0.5)


def test_draws_depend_on_the_key_alone():
    draw = [np.asarray(ring_of_gaussians(jax.random.key(seed), 50)) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(draw[0], draw[1])
    assert not np.allclose(draw[0], draw[2])
