"""How each measure moves when real images are changed in known ways, as the papers of the measures say."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from gan_jax.data import load
from gan_jax.evaluation import measures
from gan_jax.evaluation.features import cached_classifier, extract
from gan_jax.evaluation.looked_at import LookedAt
from gan_jax.evaluation.metrics import nearest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def compare() -> Callable[[np.ndarray], dict[str, float]]:
    """The figures of images against held-out digits, and the mean distance to the images that a generator knows."""
    digits = load("digits", resolution=8)
    features = cached_classifier(digits).features
    reference = measures.Reference(LookedAt(digits.test.images, extract(features, digits.test.images)))
    known = extract(features, images_of("known")).features

    def figures(images: np.ndarray) -> dict[str, float]:
        seen = LookedAt(images, extract(features, images))
        return {**measures.compare(seen, reference), "nearest": nearest(seen.seen.features, known)[0].mean()}

    return figures


def images_of(part: str) -> np.ndarray:
    """Half of the training images: those that a generator is trained on, "known", or the other ones, "new"."""
    train = load("digits", resolution=8).train.images
    order = np.random.default_rng(0).permutation(len(train))
    return train[order[: len(train) // 2] if part == "known" else order[len(train) // 2 :]]


def noisy(images: np.ndarray, deviation: float) -> np.ndarray:
    noise = np.random.default_rng(1).normal(0, deviation, images.shape)
    return np.rint(images + noise).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def real(compare) -> dict[str, float]:
    return compare(images_of("new"))


def test_other_real_images_are_as_good_as_can_be(real):
    assert abs(real["kernel_distance"]) < 0.1
    assert min(real["precision"], real["recall"]) > 0.8
    assert real["density"] == pytest.approx(1, abs=0.1)
    assert real["coverage"] > 0.96
    assert real["inception_score"] > 8.5


def test_noise_is_seen_by_all(compare, real):
    weak, strong = (compare(noisy(images_of("new"), deviation)) for deviation in (30, 60))
    for worse, better in ((strong, weak), (weak, real)):
        for name in ("frechet_distance", "kernel_distance", "nearest"):
            assert worse[name] > better[name], name
        for name in ("precision", "density", "coverage", "inception_score"):
            assert worse[name] < better[name], name


def test_blur_takes_quality_and_variety(compare, real):
    images = images_of("new")
    blurred = compare(np.rint(gaussian_filter(images.astype(float), (0, 1, 1, 0))).astype(np.uint8))
    assert blurred["frechet_distance"] > 10 * real["frechet_distance"]
    assert blurred["kernel_distance"] > real["kernel_distance"] + 1
    for name in ("precision", "recall", "density", "coverage"):
        assert blurred[name] < 0.6 * real[name], name


def test_dropped_classes_take_variety_and_not_quality(compare, real):
    digits = load("digits", resolution=8)
    fives = cached_classifier(digits).probabilities(images_of("new")).argmax(axis=1) < 5
    dropped = compare(images_of("new")[fives])
    for name in ("precision", "density"):
        assert dropped[name] == pytest.approx(real[name], abs=0.1), name
    assert dropped["recall"] < 0.6 * real["recall"]
    assert dropped["coverage"] < 0.6
    assert dropped["inception_score"] < 5.5
    assert dropped["frechet_distance"] > 10 * real["frechet_distance"]
    assert dropped["kernel_distance"] > 0.5


def test_few_images_again_and_again_are_seen_by_recall_and_coverage(compare, real):
    images = images_of("new")
    collapsed = compare(images[np.arange(len(images)) % 60])
    assert collapsed["precision"] == pytest.approx(real["precision"], abs=0.1)
    assert collapsed["inception_score"] > 8
    assert collapsed["recall"] == 0  # each image is on top of its copies
    assert collapsed["coverage"] < 0.6
    assert collapsed["frechet_distance"] > 4 * real["frechet_distance"]


def test_copies_of_training_images_are_seen_by_the_distance_to_these_alone(compare, real):
    copies = compare(images_of("known"))
    assert copies["nearest"] == 0 < real["nearest"]
    assert copies["frechet_distance"] < 1.3 * real["frechet_distance"]
    for name in ("precision", "recall", "density", "coverage"):
        assert copies[name] == pytest.approx(real[name], abs=0.05), name


def test_with_fewer_images_the_kernel_distance_alone_stays_where_it_is(compare, real):
    few = compare(images_of("new")[:100])
    assert few["frechet_distance"] > 3 * real["frechet_distance"]
    assert few["kernel_distance"] == pytest.approx(real["kernel_distance"], abs=0.1)
    assert few["precision"] == pytest.approx(real["precision"], abs=0.07)
    assert few["coverage"] < real["coverage"] - 0.2
    assert few["inception_score"] < real["inception_score"] - 1
