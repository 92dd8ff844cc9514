"""Stacked images: their channels, labels and names of classes come from the base."""

import numpy as np
import pytest

from gan_jax.common.errors import UsageError
from gan_jax.data import Dataset, Split, load
from gan_jax.data.dataset import Stack
from gan_jax.data.derived import stacked


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(stacked, "TRAIN_COUNT", 2000)
    monkeypatch.setattr(stacked, "TEST_COUNT", 500)


def test_every_channel_is_an_image_of_the_same_split_with_its_digit_in_the_label():
    base, data = load("digits", resolution=8), load("stacked:digits", resolution=8)
    assert isinstance(data.origin, Stack)
    assert data.origin.base.name == "digits"
    assert data.image_shape == (8, 8, 3)
    assert (len(data.classes), data.classes[7], data.classes[123], data.classes[999]) == (1000, "007", "123", "999")
    drawn = []
    for split, of, count in ((data.train, base.train, 2000), (data.test, base.test, 500)):
        assert len(split) == count
        assert (split.images.dtype, split.labels.dtype) == (np.uint8, np.int32)
        known = {image.tobytes(): int(label) for image, label in zip(of.images, of.labels, strict=True)}
        for image, label in zip(split.images, split.labels, strict=True):
            red, green, blue = (known[np.ascontiguousarray(image[..., c : c + 1]).tobytes()] for c in range(3))
            assert label == 100 * red + 10 * green + blue
        drawn.append(split.labels)
    # Channels are drawn independently: each has equally many of every digit, and few triples repeat a digit.
    for place in (1, 10, 100):
        shares = np.bincount(drawn[0] // place % 10, minlength=10) / 2000
        np.testing.assert_allclose(shares, 0.1, atol=0.035)
    assert len(np.unique(drawn[0])) == pytest.approx(1000 * (1 - np.exp(-2)), abs=40)
    np.testing.assert_array_equal(load("stacked:digits", resolution=8).train.images, data.train.images)


def test_any_gray_dataset_with_labels_can_be_stacked(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "three.npz"
    np.savez(path, images=rng.integers(0, 256, (60, 8, 8), np.uint8), labels=np.repeat([3, 5, 7], 20))
    data = load(f"stacked:npz:{path}", resolution=16)
    assert data.name == f"stacked:npz:{path}"
    assert data.image_shape == (16, 16, 3)
    assert data.classes[:4] == ("333", "335", "337", "353")
    assert data.train.labels.max() == 26
    # Beyond the limit of memory, channels are stacked when an image is indexed.
    lazy = load(f"stacked:npz:{path}", resolution=16, memory_limit=0)
    assert not lazy.train.in_memory
    np.testing.assert_array_equal(lazy.train.images[17], data.train.images[17])


def test_rectangles_can_be_stacked():
    assert load("stacked:digits", resolution=(8, 10)).image_shape == (8, 10, 3)


def arrays(channels=1, labels=(0, 1), classes=2):
    images = np.zeros((len(labels), 8, 8, channels), np.uint8)
    split = Split(images, np.array(labels, np.int32))
    return Dataset("mine", split, split, tuple(map(str, range(classes))))


@pytest.mark.parametrize(
    ("base", "words"),
    [(arrays(channels=3), "only gray images"), (arrays(classes=3), "no training images"),
     (arrays(labels=range(21), classes=21), "21 classes; there can be at most 20, which make 8000")],
)  # fmt: skip
def test_what_cannot_be_stacked(base, words):
    with pytest.raises(UsageError, match=f"stacked:mine: .*{words}"):
        stacked.stacked(base)


def test_points_and_images_without_labels_cannot_be_stacked(tmp_path):
    with pytest.raises(UsageError, match=r"only gray images.*'ring'"):
        load("stacked:ring", resolution=8)
    np.savez(tmp_path / "x.npz", images=np.zeros((9, 8, 8), np.uint8))
    with pytest.raises(UsageError, match="no labels"):
        load(f"stacked:npz:{tmp_path / 'x.npz'}", resolution=8)
    with pytest.raises(UsageError, match="stacked:DATASET"):
        load("stacked:", resolution=8)
