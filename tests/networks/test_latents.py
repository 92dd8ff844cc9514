"""Truncated normal latents."""

import jax
import numpy as np
import pytest
import scipy.stats

from gan_jax.networks.latents import normal


def test_truncated_latents_are_normal_ones_that_are_not_beyond_the_threshold():
    drawn = np.asarray(normal(20_000).truncated(0.7)(jax.random.key(0)))
    assert np.abs(drawn).max() <= 0.7
    assert scipy.stats.kstest(drawn, scipy.stats.truncnorm(-0.7, 0.7).cdf).pvalue > 0.01


def test_a_key_gives_the_same_latents_nearer_to_zero():
    whole, wide, narrow = (
        np.asarray(latent(jax.random.key(3)))
        for latent in (normal(50), normal(50).truncated(7), normal(50).truncated(1))
    )
    np.testing.assert_allclose(wide, whole, atol=1e-3)
    assert (np.abs(narrow) < np.abs(whole)).all()
    assert (np.sign(narrow) == np.sign(whole)).all()


@pytest.mark.parametrize("threshold", [0, -1, float("nan"), float("inf")])
def test_a_threshold_is_above_zero(threshold):
    with pytest.raises(ValueError, match="a number above 0, not"):
        normal(3).truncated(threshold)
