"""NumPy archives of images."""

import re
import zipfile

import numpy as np
import pytest

from gan_jax.common.errors import UsageError
from gan_jax.data import load


def pixels(count, height=8, width=8, channels=None, seed=0):
    shape = (count, height, width) if channels is None else (count, height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def save(path, **arrays):
    np.savez(path, **arrays)
    return f"npz:{path}"


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
    arrays = (train, np.arange(6)[:, None], test, np.arange(3)[:, None])  # the labels have the shape of Keras's CIFAR
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
        ({"images": pixels(4)[0]}, r"\(8, 8\)"),
        ({"images": pixels(4, channels=2)}, "C 1, 3 or 4"),
        ({"images": pixels(4).reshape(4, 1, 8, 8)}, "C 1, 3 or 4"),
        ({"images": pixels(0)}, "no images"),
        ({"images": pixels(1)}, "at least 2"),
        ({"images": pixels(4), "labels": np.arange(5)}, "5 labels.*4 examples"),
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


@pytest.mark.parametrize("name", ["labels", "test_labels"])
def test_a_negative_label_in_an_archive_is_refused_with_the_file_and_the_value(tmp_path, name):
    labels = {part: np.array([0, 1, 0, 1]) for part in ("labels", "test_labels")}
    labels[name][2] = -3
    images = np.zeros((4, 8, 8), np.uint8)
    np.savez(tmp_path / "mine.npz", images=images, test_images=images, **labels)
    with pytest.raises(UsageError, match=rf"mine\.npz: '{name}' holds -3; labels must be at least 0"):
        load(f"npz:{tmp_path / 'mine.npz'}", resolution=8)


def test_labels_with_gaps_in_an_archive_are_numbered_without(tmp_path):
    """All labels must be below the number of classes."""
    images, labels = np.zeros((6, 8, 8), np.uint8), np.array([7, 300, 7, 300, 7, 300], np.uint16)
    np.savez(tmp_path / "mine.npz", images=images, labels=labels)
    data = load(f"npz:{tmp_path / 'mine.npz'}", resolution=8)
    assert data.classes == ("7", "300")
    assert set(data.train.labels) == {0, 1}


BYTES = np.concatenate([pixels(3), [np.zeros((8, 8), np.uint8), np.full((8, 8), 255, np.uint8)]])
BLACK_AND_WHITE = BYTES // 128 * 255


@pytest.mark.parametrize(
    ("stored", "wanted"),
    [
        ((BYTES / 255).astype(np.float32), BYTES),
        (BYTES / 255, BYTES),
        ((BYTES / 127.5 - 1).astype(np.float32), BYTES),
        (BYTES.astype(np.float64), BYTES),
        (BYTES.astype(np.int64), BYTES),
        (BYTES.astype(np.uint16) * 257, BYTES),
        (BLACK_AND_WHITE > 0, BLACK_AND_WHITE),
        ((BLACK_AND_WHITE > 0).astype(np.int64), BLACK_AND_WHITE),
    ],
    ids=["[0, 1]", "double", "[-1, 1]", "[0, 255]", "int64", "uint16", "bool", "0 and 1"],
)
@pytest.mark.parametrize("name", ["images", "test_images"])
def test_images_of_another_type_are_refused_with_the_code_that_converts_them(tmp_path, stored, wanted, name):
    spec = save(tmp_path / "a.npz", **{"images": pixels(5), name: stored})
    with pytest.raises(UsageError, match=rf"a.npz: '{name}' is {stored.dtype}; images must be uint8") as caught:
        load(spec, resolution=8)
    code = re.search(r"convert them with (.*)$", str(caught.value))
    np.testing.assert_array_equal(eval(code[1], {"np": np, "images": stored}), wanted)
    assert eval(code[1], {"np": np, "images": stored}).dtype == np.uint8


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        (np.array([[[0.5, np.nan]]] * 2), "these hold values that are not finite"),
        (np.array([[[-3.0, 7.5]]] * 2), r"these are from -3 to 7.5: scale them to \[0, 255\]"),
        (np.array([[[1j, 2]]] * 2), r"is complex128; images must be uint8 in \[0, 255\]$"),
    ],
)
def test_images_without_a_usual_conversion_are_refused_with_what_they_hold(tmp_path, stored, said):
    with pytest.raises(UsageError, match=said):
        load(save(tmp_path / "a.npz", images=stored), resolution=8)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("{'descr': '|u1', 'fortran_order': False, 'shape': (999999999999999, 1, 1)}", "does not fit in memory.* TiB"),
        ("{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296, 1)}", "that can be read"),
        (f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({10**30}, 8, 8)}}", "that can be read: .*too large"),
        ("{'descr': '|u1', 'fortran_order': False, 'shape': (True, 8, 8)}", "that can be read"),
        ("{'descr': 5, 'fortran_order': False, 'shape': (4, 8, 8)}", "that can be read: .*descr"),
        ("{'descr': '|u1', 'fortran_order': False, 'shape': 4}", "that can be read: .*shape"),
        ("(" * 9000, "that can be read"),
    ],
)
@pytest.mark.parametrize("name", ["images", "labels"])
def test_a_hostile_header_is_refused_in_one_line(tmp_path, header, said, name):
    np.savez(tmp_path / "a.npz", **({} if name == "images" else {"images": pixels(4)}))
    text = header.encode() + b"\n"
    with zipfile.ZipFile(tmp_path / "a.npz", "a") as archive:
        archive.writestr(f"{name}.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(256))
    with pytest.raises(UsageError, match=rf"a.npz .*{said}") as caught:
        load(f"npz:{tmp_path}/a.npz", resolution=8)
    assert "\n" not in str(caught.value)


def test_an_encrypted_archive_is_refused(tmp_path):
    save(tmp_path / "a.npz", images=pixels(4))
    content = bytearray((tmp_path / "a.npz").read_bytes())
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + place] |= 1
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(UsageError, match=r"a.npz is not a NumPy archive that can be read: .*encrypted"):
        load(f"npz:{tmp_path}/a.npz", resolution=8)


def test_npz_gives_rectangles(tmp_path):
    images = pixels(12, 8, 16)
    dataset = load(save(tmp_path / "a.npz", images=images, test_images=images), resolution=(4, 16))
    assert dataset.image_shape == (4, 16, 1)
    np.testing.assert_array_equal(dataset.test.images[..., 0], images[:, 2:6])
