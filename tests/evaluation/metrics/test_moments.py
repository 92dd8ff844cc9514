import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.common.errors import UsageError
from gan_jax.evaluation.metrics import moments, moments_of, stream_moments


@pytest.mark.parametrize("offset", [0, 1e4])
@pytest.mark.parametrize("on_device", [False, True])
def test_moments_of_batches_are_those_of_the_whole(offset, on_device, monkeypatch):
    monkeypatch.setattr(moments, "_is_on_accelerator", lambda batch: on_device)
    rng = np.random.default_rng(0)
    whole = (rng.normal(size=(1000, 5)) @ rng.normal(size=(5, 5)) + offset).astype(np.float32)
    batches = (jnp.asarray(part) for part in np.array_split(whole, [1, 300, 700]))
    found = stream_moments(batches)
    assert (found.count, found.mean.dtype, found.scatter.dtype) == (1000, np.float64, np.float64)
    np.testing.assert_allclose(found.mean, whole.mean(axis=0, dtype=np.float64), rtol=1e-14)
    expected = np.cov(whole.astype(np.float64), rowvar=False)
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-10, atol=1e-12 * expected.max())


def test_the_moments_of_integers_are_exact():
    found = moments_of(np.array([[0, 0], [2, 2], [4, 4]]))
    assert found.mean.tolist() == [2, 2]
    assert found.covariance.tolist() == [[4, 4], [4, 4]]


def test_one_feature_has_no_moments_and_features_are_finite():
    with pytest.raises(UsageError, match="at least 2 rows of features, not 1"):
        moments_of(np.zeros((1, 3)))
    with pytest.raises(UsageError, match="at least 2 rows of features, not 0"):
        stream_moments([])
    with pytest.raises(UsageError, match="not finite"):
        moments_of(np.array([[0.0], [np.inf]]))
