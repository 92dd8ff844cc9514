import numpy as np
import pytest
from support.torch_fidelity import torch_fidelity

from gan_jax.common.errors import UsageError
from gan_jax.evaluation.metrics import inception_score


def test_sure_and_varied_images_score_the_number_of_classes():
    logits = 100.0 * np.eye(10)[np.arange(1000) % 10]
    assert inception_score(logits) == (pytest.approx(10), pytest.approx(0, abs=1e-9))
    # All of one class, and all of no class.
    assert inception_score(np.tile(logits[:1], (50, 1))).mean == pytest.approx(1)
    assert inception_score(np.zeros((50, 10))).mean == pytest.approx(1)
    # Parts are taken in order: each of these has one class alone.
    assert inception_score(logits[np.argsort(np.arange(1000) % 10, kind="stable")]).mean == pytest.approx(1)


def test_agrees_with_torch_fidelity():
    torch_fidelity()
    import torch
    from torch_fidelity.metric_isc import isc_features_to_metric

    logits = 3 * np.random.default_rng(0).normal(size=(1003, 20)).astype(np.float32)
    theirs = isc_features_to_metric(torch.from_numpy(logits), splits=10, shuffle=False)
    mean, deviation = inception_score(logits)
    assert mean == pytest.approx(theirs["inception_score_mean"], rel=1e-9)
    assert deviation == pytest.approx(theirs["inception_score_std"], rel=1e-7)


def test_refuses_what_is_no_set_of_logits():
    with pytest.raises(UsageError, match=r"logits \(N, K\), not \(0, 10\)"):
        inception_score(np.zeros((0, 10)))
    with pytest.raises(UsageError, match="not finite"):
        inception_score(np.full((3, 2), np.nan))
