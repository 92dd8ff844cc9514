"""The embedded sources, npz archives, and what `load` makes of a name."""

import time

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from gan_jax.data import glyphs, load
from gan_jax.data.load import FORMS
from gan_jax.errors import UsageError


def pixels(count, height=8, width=8, channels=None, seed=0):
    shape = (count, height, width) if channels is None else (count, height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def save(path, **arrays):
    np.savez(path, **arrays)
    return f"npz:{path}"


def test_digits_are_those_of_scikit_learn():
    dataset = load("digits", resolution=8)
    assert dataset.image_shape == (8, 8, 1)
    assert len(dataset.train) + len(dataset.test) == 1797
    assert abs(len(dataset.test) - 1797 / 4) < 1
    assert dataset.train.images.dtype == np.uint8
    assert dataset.train.images.min() == 0
    assert dataset.train.images.max() == 255
    assert dataset.classes == tuple("0123456789")

    def as_set(images, labels):
        return sorted((image.tobytes(), int(label)) for image, label in zip(images, labels, strict=True))

    bunch = load_digits()
    original = as_set(np.rint(bunch.images * 255 / 16).astype(np.uint8), bunch.target)
    ours = as_set(dataset.train.images, dataset.train.labels) + as_set(dataset.test.images, dataset.test.labels)
    assert sorted(ours) == original
    shares = np.bincount(dataset.test.labels) / np.bincount(bunch.target)
    np.testing.assert_allclose(shares, 1 / 4, atol=0.01)


def test_digits_at_another_resolution_are_the_same_digits():
    small, large = load("digits", resolution=8), load("digits", resolution=32)
    np.testing.assert_array_equal(small.train.labels, large.train.labels)
    blocks = large.train.images.reshape(-1, 8, 4, 8, 4).mean((2, 4))
    assert np.corrcoef(blocks.ravel(), small.train.images.ravel())[0, 1] > 0.97


def test_glyphs_have_as_many_of_each_letter_and_are_cached(monkeypatch):
    monkeypatch.setattr(glyphs, "TRAIN_COUNT", 2000)
    monkeypatch.setattr(glyphs, "TEST_COUNT", 500)
    start = time.perf_counter()
    first = load("glyphs", resolution=16)
    made = time.perf_counter() - start
    start = time.perf_counter()
    second = load("glyphs", resolution=16)
    assert time.perf_counter() - start < made / 3
    np.testing.assert_array_equal(first.train.images, second.train.images)
    assert first.train.images.shape == (2000, 16, 16, 1)
    assert first.test.images.shape == (500, 16, 16, 1)
    assert (np.bincount(first.train.labels) == 200).all()
    assert (np.bincount(first.test.labels) == 50).all()
    assert first.classes == tuple("ABCDEFGHIJ")
    assert len(np.unique(np.concatenate([first.train.images, first.test.images]), axis=0)) == 2500

    train, test = (split.images.reshape(len(split), -1) / 255 for split in (first.train, first.test))
    model = LogisticRegression(max_iter=200).fit(train, first.train.labels)
    assert model.score(test, first.test.labels) > 0.9


def test_a_glyph_depends_on_its_number_alone():
    images = glyphs.GlyphImages(0, 50, 32)
    later = glyphs.GlyphImages(20, 30, 32)
    np.testing.assert_array_equal(images[27], later[7])
    with pytest.raises(IndexError):
        later[30]


@pytest.mark.parametrize("number", range(10))
def test_glyphs_look_alike_at_every_resolution(number):
    small, large = glyphs.draw(number, 32), glyphs.draw(number, 128)
    shrunk = large.reshape(32, 4, 32, 4).mean((1, 3))
    assert np.corrcoef(shrunk.ravel(), small.ravel())[0, 1] > 0.97


def test_glyphs_stay_inside_the_image_and_are_antialiased():
    images = np.stack([glyphs.draw(number, 32) for number in range(300)])
    at_the_edge = np.maximum(images[:, [0, -1]].max((1, 2, 3)), images[:, :, [0, -1]].max((1, 2, 3)))
    assert (at_the_edge > 128).mean() < 0.01
    grays = (images > 20) & (images < 235)
    assert 0.05 < grays.mean() < 0.35


def test_every_font_draws_every_letter():
    for font in glyphs.FONTS:
        drawn = [np.asarray(glyphs._letter(font, letter, 0.0, 64)) for letter in glyphs.LETTERS]
        assert all(image.max() == 255 for image in drawn)
        assert len({image.tobytes() for image in drawn}) == 10


@pytest.mark.parametrize("channels", [None, 1, 3, 4])
def test_npz_brings_images_to_the_resolution(tmp_path, channels):
    images = pixels(12, 8, 10, channels)
    dataset = load(save(tmp_path / "a.npz", images=images), resolution=8)
    assert dataset.image_shape == (8, 8, 1 if channels in (None, 1) else 3)
    assert (len(dataset.train), len(dataset.test)) == (10, 2)
    assert dataset.train.labels is None
    assert dataset.classes == ()
    if channels in (None, 1, 3):
        cropped = images.reshape(12, 8, 10, -1)[:, :, 1:9]
        ours = np.concatenate([dataset.train.images, dataset.test.images])
        assert sorted(each.tobytes() for each in ours) == sorted(each.tobytes() for each in cropped)


def test_npz_labels_stay_with_their_images(tmp_path):
    images = np.repeat(np.arange(60, dtype=np.uint8), 16).reshape(60, 4, 4)
    spec = save(tmp_path / "a.npz", images=images, labels=np.arange(60) % 3 * 10)
    dataset = load(spec, resolution=4)
    assert dataset.classes == ("0", "10", "20")
    for split in (dataset.train, dataset.test):
        np.testing.assert_array_equal(split.images[:, 0, 0, 0] % 3, split.labels)
        assert split.labels.dtype == np.int32
    assert np.bincount(dataset.test.labels).tolist() in ([3, 3, 4], [3, 4, 3], [4, 3, 3])


@pytest.mark.parametrize(
    "names", [("images", "labels", "test_images", "test_labels"), ("x_train", "y_train", "x_test", "y_test")]
)
def test_npz_keeps_the_splits_it_is_given(tmp_path, names):
    train, test = pixels(6), pixels(3, seed=1)
    arrays = (train, np.arange(6)[:, None], test, np.arange(3)[:, None])  # labels as Keras has them for CIFAR
    dataset = load(save(tmp_path / "a.npz", **dict(zip(names, arrays, strict=True))), resolution=8)
    np.testing.assert_array_equal(dataset.train.images[..., 0], train)
    np.testing.assert_array_equal(dataset.test.images[..., 0], test)
    assert dataset.test.labels.tolist() == [0, 1, 2]


def test_a_changed_npz_is_read_again(tmp_path):
    spec = save(tmp_path / "a.npz", images=np.zeros((6, 4, 4), np.uint8))
    assert load(spec, resolution=4).train.images.max() == 0
    save(tmp_path / "a.npz", images=np.full((6, 4, 4), 9, np.uint8))
    assert load(spec, resolution=4).train.images.min() == 9


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"pictures": pixels(4)}, "'images'.*pictures"),
        ({"images": pixels(4).astype(np.float32)}, "float32.*uint8"),
        ({"images": pixels(4)[0]}, r"\(8, 8\)"),
        ({"images": pixels(4, channels=2)}, "C 1, 3 or 4"),
        ({"images": pixels(4).reshape(4, 1, 8, 8)}, "C 1, 3 or 4"),
        ({"images": pixels(0)}, "no images"),
        ({"images": pixels(1)}, "at least 2"),
        ({"images": pixels(4), "labels": np.arange(5)}, "5 labels.*4 images"),
        ({"images": pixels(4), "labels": np.eye(4)}, "labels must be"),
        ({"images": pixels(4), "labels": np.ones(4)}, "labels must be"),
        ({"images": pixels(4), "labels": np.arange(4), "test_images": pixels(2)}, "only one of 'labels'"),
        ({"images": pixels(4), "test_images": pixels(2, channels=3)}, "channels"),
        ({"images": np.array([None, 1])}, "cannot|not a NumPy archive"),
    ],
)
def test_npz_says_what_is_wrong(tmp_path, arrays, message):
    spec = save(tmp_path / "bad.npz", **arrays)
    with pytest.raises(UsageError, match=message) as caught:
        load(spec, resolution=8)
    assert "bad.npz" in str(caught.value)


def test_npz_that_is_none(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        load(f"npz:{tmp_path}/missing.npz", resolution=8)
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(UsageError, match=r"text.npz.*not a NumPy archive"):
        load(f"npz:{tmp_path}/text.npz", resolution=8)
    np.save(tmp_path / "single.npy", pixels(4))
    with pytest.raises(UsageError, match="single array"):
        load(f"npz:{tmp_path}/single.npy", resolution=8)
    whole = tmp_path / "whole.npz"
    save(whole, images=pixels(100))
    (tmp_path / "cut.npz").write_bytes(whole.read_bytes()[:-50])
    with pytest.raises(UsageError, match=r"cut.npz.*not a NumPy archive"):
        load(f"npz:{tmp_path}/cut.npz", resolution=8)


@pytest.mark.parametrize(
    ("spec", "nearest"),
    [
        ("digit", "'digits'"),
        ("Glyphs", "'glyphs'"),
        ("tdfs:mnist", "'tfds:mnist'"),
        ("folders:a/b", "'folder:a/b'"),
        ("images.npz", "'npz:images.npz'"),
        ("npz", "'npz:PATH'"),
        ("digits:8", "'digits'"),
    ],
)
def test_an_unknown_name_gets_the_forms_and_the_nearest(spec, nearest):
    with pytest.raises(UsageError) as caught:
        load(spec, resolution=8)
    assert all(form in str(caught.value) for form in FORMS)
    assert f"did you mean {nearest}?" in str(caught.value)


def test_a_folder_without_its_prefix_is_recognized(tmp_path):
    with pytest.raises(UsageError, match=f"did you mean 'folder:{tmp_path}'"):
        load(str(tmp_path), resolution=8)


def test_a_name_like_nothing_gets_the_forms_alone():
    with pytest.raises(UsageError, match=r"edges:DATASET$"):
        load("xyzzy", resolution=8)


def test_resolution_must_be_positive():
    with pytest.raises(UsageError, match="resolution 0"):
        load("digits", resolution=0)


def test_what_exceeds_the_limit_is_decoded_on_demand(tmp_path):
    Image.fromarray(pixels(1)[0]).save(tmp_path / "a.png")
    Image.fromarray(pixels(1)[0]).save(tmp_path / "b.png")
    for spec in ("digits", "glyphs", f"folder:{tmp_path}"):
        dataset = load(spec, resolution=8, memory_limit=50)
        assert not dataset.train.in_memory
        assert dataset.train.images[0].shape == (8, 8, 1)
    assert load(f"folder:{tmp_path}", resolution=8, memory_limit=64).train.in_memory
