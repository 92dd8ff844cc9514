import dataclasses
import os

import jax
import numpy as np
import pytest

from gan_jax.common.errors import UsageError
from gan_jax.data import Dataset, Split, cache_dir, load
from gan_jax.evaluation.features import Classifier, cached_classifier, extract, train_classifier
from gan_jax.evaluation.features import classifier as module

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load("digits", resolution=8)


@pytest.fixture(scope="module")
def trained(digits) -> Classifier:
    return cached_classifier(digits)  # in the session's cache, because other tests evaluate digits too


@pytest.fixture
def trainings(monkeypatch, tmp_path) -> list[Dataset]:
    """The datasets that were trained on, with an empty cache and a training that takes no time."""
    monkeypatch.setenv("GAN_JAX_CACHE", str(tmp_path))
    calls = []

    def train(dataset: Dataset) -> Classifier:
        calls.append(dataset)
        classes = len(dataset.classes)
        initialize = jax.jit(module.ClassifierNetwork(classes).init)
        params = initialize(jax.random.key(len(calls)), dataset.train.images[:1])["params"]
        return Classifier(params, classes, accuracy=0.75)

    monkeypatch.setattr(module, "train_classifier", train)
    return calls


def features_of(classifier: Classifier, images) -> np.ndarray:
    return extract(classifier.features, images).features


def tiny(shape=(12, 8, 8, 1), seed=0) -> Dataset:
    rng = np.random.default_rng(seed)
    train, test = (Split(rng.integers(0, 256, shape, np.uint8), rng.integers(0, 3, 12).astype(np.int32)) for _ in "ab")
    return Dataset("tiny", train, test, ("a", "b", "c"))


def test_classifies_held_out_digits(digits, trained):
    assert trained.accuracy >= 0.975
    predictions = trained.probabilities(digits.test.images).argmax(1)
    assert np.mean(predictions == digits.test.labels) == trained.accuracy


def test_outputs_are_features_and_probabilities_of_each_image_by_itself(digits, trained):
    images = digits.train.images[:600]  # more than one batch
    features, probabilities = features_of(trained, images), trained.probabilities(images)
    assert features.shape == (600, 64)
    assert features.dtype == probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(features[590:593], features_of(trained, images[590:593]), atol=1e-4)


def test_the_same_seed_gives_the_same_classifier(monkeypatch):
    monkeypatch.setattr(module, "_FEWEST_STEPS", 5)
    monkeypatch.setattr(module, "_MOST_STEPS", 5)
    first, again, other = (train_classifier(tiny(), seed) for seed in (0, 0, 1))
    images = tiny().test.images
    np.testing.assert_array_equal(features_of(first, images), features_of(again, images))
    assert np.abs(features_of(first, images) - features_of(other, images)).max() > 0.1
    assert first.features.version != other.features.version


@pytest.mark.parametrize("shape", [(12, 16, 16, 3), (12, 64, 64, 1), (12, 20, 12, 3)])
def test_any_size_and_number_of_channels(shape, trainings):
    assert features_of(cached_classifier(tiny(shape)), tiny(shape).test.images).shape == (12, 64)


def test_images_are_shifted_by_a_part_of_each_side():
    # 48 rows are shifted by up to 3, and 16 columns by up to 1.
    rows, columns = np.mgrid[:48, :16].astype(np.uint8)
    images = np.broadcast_to(np.stack([rows, columns], -1), (400, 48, 16, 2))
    shifted = np.asarray(module._shifted(images, jax.random.key(0))).astype(int)
    moved = shifted[:, 24, 8] - (24, 8)  # in the middle, where no edge is repeated
    assert {tuple(each) for each in moved.tolist()} == {(i, j) for i in range(-3, 4) for j in (-1, 0, 1)}


def test_a_thin_image_is_classified():
    dataset = tiny((12, 4, 96, 1))
    classifier = Classifier(
        jax.jit(module.ClassifierNetwork(3).init)(jax.random.key(0), dataset.train.images[:1])["params"], 3, 0.5
    )
    assert features_of(classifier, dataset.test.images).shape == (12, 64)


def test_images_that_are_decoded_on_demand_give_the_same_outputs(trained, digits):
    class OnDemand:
        shape = (20, 8, 8, 1)

        def __len__(self):
            return 20

        def __getitem__(self, index):
            return digits.train.images[index]

    np.testing.assert_array_equal(features_of(trained, OnDemand()), features_of(trained, digits.train.images[:20]))


def test_the_second_training_is_replaced_by_the_cache_with_the_same_classifier(trainings):
    dataset = tiny()
    first, second = cached_classifier(dataset), cached_classifier(tiny())
    assert len(trainings) == 1
    assert second.accuracy == first.accuracy == 0.75
    np.testing.assert_array_equal(features_of(first, dataset.test.images), features_of(second, dataset.test.images))
    assert first.features.version == second.features.version  # so that cached features are found again


def test_other_images_labels_or_classes_need_a_new_training(trainings):
    dataset = tiny()
    relabelled = Split(dataset.train.images, dataset.train.labels[::-1].copy())
    for other in (
        dataset,
        tiny(seed=1),
        dataclasses.replace(dataset, train=relabelled),
        dataclasses.replace(dataset, test=relabelled),
        dataclasses.replace(dataset, classes=("a", "b", "c", "d")),
    ):
        cached_classifier(other)
    assert len(trainings) == 5


@pytest.mark.parametrize("damage", [lambda whole: whole[:-200], lambda whole: b"", lambda whole: b"x" * len(whole)])
def test_a_damaged_cache_is_replaced(trainings, damage):
    cached_classifier(tiny())
    (path,) = (cache_dir() / "classifiers").iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert cached_classifier(tiny()).accuracy == 0.75
    assert len(trainings) == 2
    cached_classifier(tiny())
    assert len(trainings) == 2


def test_a_cache_that_cannot_be_written_is_no_error(trainings, monkeypatch, tmp_path):
    file = tmp_path / "file"
    file.write_text("not a folder")
    monkeypatch.setenv("GAN_JAX_CACHE", os.fspath(file))
    assert cached_classifier(tiny()).accuracy == 0.75


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"train": Split(np.zeros((12, 8, 8, 1), np.uint8), None)},
            r"a classifier needs labels.*training images of 'tiny'",
        ),
        ({"test": Split(np.zeros((12, 8, 8, 1), np.uint8), None)}, r"needs labels.*held-out images of 'tiny'"),
        ({"test": Split(np.zeros((0, 8, 8, 1), np.uint8), np.zeros(0, np.int32))}, "needs held-out images"),
        ({"classes": ("a",)}, r"at least two classes.*'tiny' has 1"),
    ],
)
def test_what_cannot_be_classified_is_refused(trainings, change, message):
    dataset = dataclasses.replace(tiny(), **change)
    with pytest.raises(UsageError, match=message):
        cached_classifier(dataset)
    assert not trainings
