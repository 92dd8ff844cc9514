"""The evaluation of maps of attention, with translators whose figures are known."""

import numpy as np
import pytest

from gan_jax.common.errors import UsageError
from gan_jax.data import load
from gan_jax.data.sources import popout
from gan_jax.evaluation import Options
from gan_jax.evaluation.attention import evaluate_attention
from gan_jax.evaluation.spectral_residual import spectral_residual


@pytest.fixture(scope="module")
def displays():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(popout, "TRAIN_COUNT", 30)
        patch.setattr(popout, "TEST_COUNT", 14)
        return load("popout", resolution=32)


USUAL = Options()


def evaluate(dataset, translate, options=USUAL):
    return evaluate_attention(dataset, dataset.origin, translate, options)


def test_the_true_maps_are_nearly_perfect_and_above_all_baselines(displays):
    known = {image.tobytes(): target for image, target in zip(displays.test.images, displays.test.targets, strict=True)}
    found = evaluate(displays, lambda images: np.stack([known[image.tobytes()] for image in images]))
    figures, others = found.figures, found.figures["baselines"]
    assert figures["correlation"] > 0.999
    assert figures["similarity"] > 0.93
    assert figures["saliency_kl"] < 0.1
    assert others.keys() == {"centre", "spectral residual", "half of the people"}
    for baseline in others.values():
        for name in ("auc_judd", "shuffled_auc", "correlation", "similarity"):
            assert baseline[name] < figures[name]
        assert baseline["saliency_kl"] > figures["saliency_kl"]
    assert others["half of the people"]["nss"] > others["centre"]["nss"] + 1
    # One map for all pictures cannot tell them apart.
    assert others["centre"]["shuffled_auc"] == pytest.approx(0.5, abs=0.02)
    assert found.pictures["attention"].shape[2] == 3


def test_options_and_maps_of_another_kind_are_refused(displays):
    with pytest.raises(UsageError, match="all held-out pictures"):
        evaluate(displays, lambda images: images, Options(count=5))
    with pytest.raises(UsageError, match=r"\(32, 32, 3\)"):
        evaluate(displays, lambda images: images)


def test_the_spectral_residual_finds_what_is_unlike_the_rest(displays):
    scores = []
    for image, target in zip(displays.test.images, displays.test.targets, strict=True):
        found = spectral_residual(image)
        assert (found.min(), found.max()) == (0, 1)
        scores.append(np.corrcoef(found.ravel(), target.ravel())[0, 1])
    # Without the picture, the maps correlate with none.
    assert np.mean(scores) > 0.1
    assert not spectral_residual(np.full((20, 30, 1), 7, np.uint8)).any()
