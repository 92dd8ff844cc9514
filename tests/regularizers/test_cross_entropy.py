import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import log_loss

from gan_jax.regularizers import cross_entropy, target_cross_entropy


def test_it_is_the_mean_of_scikit_learns_log_loss():
    rng = np.random.default_rng(0)
    targets = np.where(rng.uniform(size=(2, 3, 4, 1)) < 0.4, 1.0, -1.0)
    images = rng.uniform(-0.95, 0.95, (2, 3, 4, 1))
    expected = log_loss((targets.ravel() > 0).astype(int), (images.ravel() + 1) / 2)
    assert float(cross_entropy(targets, images)) == pytest.approx(expected, rel=1e-5)


def test_it_is_least_where_the_images_are_the_targets_also_of_gray_values():
    targets = jnp.array([-0.4, 0.1, 0.8]).reshape(1, 3, 1, 1)
    np.testing.assert_allclose(jax.grad(cross_entropy, argnums=1)(targets, targets), 0, atol=1e-6)
    assert cross_entropy(targets, targets + 0.1) > cross_entropy(targets, targets)


def test_it_is_finite_at_the_ends():
    ends = jnp.array([-1.0, 1.0]).reshape(1, 2, 1, 1)
    assert np.isfinite(cross_entropy(ends, -ends))
    assert float(cross_entropy(ends, ends)) == pytest.approx(0, abs=1e-5)


def test_a_negative_weight_is_refused():
    with pytest.raises(ValueError, match="target_cross_entropy"):
        target_cross_entropy(-1.0)
