import numpy as np
import pytest

from gan_jax.common.errors import UsageError
from gan_jax.data import Dataset, Split, load
from gan_jax.evaluation.accuracy_score import accuracy_score

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def digits() -> Dataset:
    whole = load("digits", resolution=8)
    order = np.random.default_rng(0).permutation(len(whole.train))[:600]
    return Dataset("few", Split(whole.train.images[order], whole.train.labels[order]), whole.test, whole.classes)


@pytest.fixture(autouse=True)
def brief_training(monkeypatch, tmp_path):
    monkeypatch.setattr("gan_jax.evaluation.features.classifier._FEWEST_STEPS", 150)
    monkeypatch.setenv("GAN_JAX_CACHE", str(tmp_path))


def score(digits, images, labels) -> tuple[float, float]:
    return accuracy_score(digits, lambda count, seed: images[:count], lambda count, seed: labels[:count], seed=0)


def test_samples_teach_what_they_show(digits):
    images, labels = digits.train.images, digits.train.labels
    perfect, real = score(digits, images, labels)
    assert perfect == real > 0.85  # the same images in the same order
    wrong, again = score(digits, images, (labels + 1) % 10)
    assert wrong < 0.1
    assert again == real
    # The first classes alone cannot teach the others.
    few = np.flatnonzero(labels < 5)
    half, _ = score(digits, images[np.resize(few, 600)], labels[np.resize(few, 600)])
    assert 0.4 < half < 0.55


def test_data_without_labels_are_refused(digits):
    with pytest.raises(UsageError, match="needs labels"):
        score(Dataset("mine", Split(digits.train.images, None), digits.test, ()), None, None)
