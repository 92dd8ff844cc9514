"""The fingerprint of data: the same wherever they lie, and another if the game would see others."""

import dataclasses
import json
import os
import re
import shutil
import time

import numpy as np
import PIL
import pytest
from PIL import Image

from gan_jax.common.errors import UserError
from gan_jax.data import Dataset, Split, data_changes, fingerprint, hide_labels, limit_training, load
from gan_jax.data.sources import tfds_images


def split(count=6, seed=0, labels=(0, 1), targets=None, shape=(4, 4, 3)):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, *shape), np.uint8)
    named = None if labels is None else np.resize(np.array(labels, np.int32), count)
    return Split(images, named, None if targets is None else rng.integers(0, 256, (targets, *shape), np.uint8), False)


def dataset(train=None, test=None, classes=("a", "b")):
    return Dataset("mine", train or split(), test or split(3, seed=1), classes)


def said(there, here):
    there, here = (json.loads(json.dumps(fingerprint(each))) for each in (there, here))
    return data_changes(there, here)


BASE = dataset()
PAIRS = dataset(split(targets=5), split(3, 1, targets=3), ())


@pytest.mark.parametrize(
    ("there", "here", "clauses"),
    [
        (BASE, dataset(), []),
        (BASE, dataset(split(5)), ["it has 5 training images here and 6 there"]),
        (BASE, dataset(split(1)), ["it has 1 training image here and 6 there"]),
        (dataset(split(1500)), dataset(split(1300)), ["it has 1,300 training images here and 1,500 there"]),
        (BASE, dataset(split(seed=2)), ["its training images have changed"]),
        (BASE, dataset(split(labels=(1, 0))), ["its training labels have changed"]),
        (BASE, dataset(test=split(3, seed=2)), ["its held-out images have changed"]),
        (BASE, dataset(split(labels=None), split(3, 1, None), ()),
         ["its classes are none here and a, b there", "its training labels have changed",
          "its held-out labels have changed"]),
        (BASE, dataset(classes=("a", "c")), ["its classes are a, c here and a, b there"]),
        (BASE, dataset(classes=("ä\n", "\udce4")), [r"its classes are ä\n, \udce4 here and a, b there"]),
        (dataset(classes=tuple(map(str, range(1010)))), BASE,
         ["its classes are a, b here and 0, 1, 2, 3, 4, 5, 6, 7 and 1,002 more there"]),
        (BASE, dataset(split(shape=(4, 5, 1)), split(3, 1, shape=(4, 5, 1))),
         ["its images are 4x5 with 1 channel here and 4x4 with 3 channels there"]),
        (PAIRS, dataset(split(targets=4), PAIRS.test, ()), ["it has 4 training targets here and 5 there"]),
        (PAIRS, dataset(PAIRS.train, dataclasses.replace(PAIRS.test, paired=True), ()),
         ["its held-out images are paired here and not there"]),
        (PAIRS, dataset(dataclasses.replace(PAIRS.train, targets=PAIRS.train.targets[::-1]), PAIRS.test, ()),
         ["its training targets have changed"]),
        (PAIRS, dataset(dataclasses.replace(PAIRS.train, targets=None), PAIRS.test, ()),
         ["its targets are none here and 4x4 with 3 channels there", "it has no training targets here and 5 there"]),
        (load("ring", resolution=8), load("grid", resolution=8),
         ["its classes are 0, 1, 2, 3, 4, 5, 6, 7 and 17 more here and 0, 1, 2, 3, 4, 5, 6, 7 there",
          "its training points have changed", "its training labels have changed", "its held-out points have changed",
          "its held-out labels have changed"]),
    ],
)  # fmt: skip
def test_what_differs_is_said_in_short_clauses(there, here, clauses):
    assert said(there, here) == clauses


def test_one_pixel_is_enough_and_the_order_counts():
    images = split(count=200).images
    changed = images.copy()
    changed[199, 3, 3, 2] ^= 1
    whole, one_pixel, turned = (
        dataset(Split(each, None), Split(images, None), ()) for each in (images, changed, images[::-1])
    )
    assert said(whole, one_pixel) == said(whole, turned) == ["its training images have changed"]


def test_the_same_numbers_in_another_layout_have_the_same_fingerprint():
    images = split().images
    other = np.asfortranarray(images)
    big = np.array([0, 1, 0, 1, 0, 1], ">i4")
    assert said(dataset(Split(images, big.astype(np.int32))), dataset(Split(other, big))) == []


def test_bytes_that_run_into_each_other_are_told_apart():
    """4 images of 2x8 are not 8 of 2x4, and an image is not a target."""
    pixels = np.arange(64, dtype=np.uint8)
    a, b = (dataset(Split(pixels.reshape(shape), None), split(3), ()) for shape in ((4, 2, 8, 1), (4, 8, 2, 1)))
    assert fingerprint(a)["train"]["images"] != fingerprint(b)["train"]["images"]


@pytest.mark.parametrize("there", [{}, [], None, 3, {"train": 3}, {"train": {}, "shape": 4}, {"classes": 7},
                                   {"train": {"count": "x", "images": [1]}, "pillow": {}}])  # fmt: skip
def test_what_someone_edited_is_no_traceback(there):
    assert all(isinstance(clause, str) for clause in data_changes(there, fingerprint(PAIRS)))
    assert (data_changes(there, fingerprint(PAIRS)) == []) == (there == {} or there == {"train": 3})


def test_another_version_of_pillow_is_given_as_a_reason(monkeypatch):
    here = fingerprint(dataset(split(seed=2, labels=(1, 0))))
    monkeypatch.setattr(PIL, "__version__", "11.0.0")
    changes = data_changes(fingerprint(BASE), here)
    assert changes == [f"its training images have changed (Pillow is {here['pillow']} here and 11.0.0 there)",
                       "its training labels have changed"]  # fmt: skip


def test_large_arrays_take_little_time():
    images = np.zeros((100, 1024, 1024, 1), np.uint8)
    data = dataset(Split(images, None), split(2, shape=(1024, 1024, 1)), ())
    start = time.thread_time()
    fingerprint(data)
    assert time.thread_time() - start < 0.4  # about 0.12 s


# --- Sources that decode on demand ---


def write(path, seed, size=(12, 10)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)).save(path)


@pytest.fixture(params=["folder", "pairs", "unpaired", "edges:folder"])
def spec(request, tmp_path):
    kind = request.param
    for index in range(20):
        for side in ("trainA", "trainB") if kind == "unpaired" else ("a", "b"):
            write(tmp_path / "data" / side / f"{index:02}.png", index, (12, 8) if kind == "pairs" else (12, 10))
    return lambda name="data": f"{kind}:{tmp_path / name}"


def streamed(spec):
    loaded = load(spec, resolution=8, memory_limit=0)
    assert not loaded.train.in_memory
    return loaded


def test_a_copied_or_moved_folder_has_the_same_fingerprint(spec, tmp_path):
    there = streamed(spec())
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    for file in (tmp_path / "copy").rglob("*.png"):
        os.utime(file, (1, 1))
    assert said(there, streamed(spec("copy"))) == []
    there = fingerprint(there)
    os.rename(tmp_path / "data", tmp_path / "moved")
    assert data_changes(there, fingerprint(streamed(spec("moved")))) == []


@pytest.mark.parametrize("what", ["contents", "size", "name", "added"])
def test_a_folder_with_other_files_has_another_fingerprint(spec, tmp_path, what):
    there = fingerprint(streamed(spec()))
    first = sorted((tmp_path / "data").iterdir())[0]
    if what == "name":
        for file in first.iterdir():
            file.rename(file.with_name(f"x{file.name}"))
    for index in range(20 if what in ("contents", "size") else 0):
        write(first / f"{index:02}.png", 100 + index, {"size": (40, 30)}.get(what, (12, 8)))
    if what == "added":
        write(first / "20.png", 100, (12, 8))
    changes = data_changes(there, fingerprint(streamed(spec())))
    assert changes
    counted = [clause for clause in changes if re.fullmatch(r"it has \d+ .* here and \d+ there", clause)]
    changed = [clause for clause in changes if re.fullmatch("its .* (images|targets|labels) have changed", clause)]
    assert sorted(changes) == sorted(counted + changed)
    assert len(counted) == (what == "added")


def test_a_replaced_file_of_another_size_is_seen_among_many(tmp_path):
    """The contents of few files are read, but the sizes of all."""
    for index in range(400):
        (tmp_path / f"{index:03}.pgm").write_bytes(b"P5 8 8 255\n" + bytes([index % 256]) * 64)
    there = fingerprint(streamed(f"folder:{tmp_path}"))
    (tmp_path / "123.pgm").write_bytes(b"P5 8 9 255\n" + bytes(72))
    (clause,) = data_changes(there, fingerprint(streamed(f"folder:{tmp_path}")))
    assert clause in ("its training images have changed", "its held-out images have changed")


def test_what_is_in_memory_there_and_on_disk_here_is_not_called_changed(spec):
    assert said(load(spec(), resolution=8), streamed(spec())) == []


def test_halves_of_pictures_are_told_apart(tmp_path):
    for index in range(4):
        write(tmp_path / f"{index}.png", index, (20, 10))
    train = fingerprint(streamed(f"pairs:{tmp_path}"))["train"]
    assert train["images"] != train["targets"]


def test_few_files_are_read(tmp_path, monkeypatch):
    for index in range(300):
        (tmp_path / f"{index:03}.pgm").write_bytes(b"P5 8 8 255\n" + bytes(64))
    data = streamed(f"folder:{tmp_path}")
    for file in tmp_path.iterdir():
        if int(file.stem) % 50:
            file.unlink()
    with pytest.raises(UserError, match=r"\.pgm cannot be read as an image: the file is gone"):
        fingerprint(data)
    names, opened = data.train.images._names, []
    real = open
    for name in names:
        (tmp_path / name).write_bytes(b"")
    monkeypatch.setattr("builtins.open", lambda path, *rest: opened.append(os.path.basename(path)) or real(path, *rest))
    list(data.train.images.parts())
    assert len(opened) == 64
    assert {names[0], names[-1]} <= set(opened)


def test_drawn_stacked_limited_and_fitted_images_have_one_too(tmp_path):
    np.savez(tmp_path / "a.npz", images=split(40, shape=(4, 4)).images, labels=np.arange(40) % 2)
    prints = []
    for spec in ("glyphs", f"stacked:npz:{tmp_path}/a.npz", f"npz:{tmp_path}/a.npz"):
        data = load(spec, resolution=(8, 9), memory_limit=1000)
        assert not data.train.in_memory
        whole = fingerprint(data)
        assert data_changes(whole, fingerprint(load(spec, resolution=(8, 9), memory_limit=1000))) == []
        few = limit_training(data, 20)
        assert data_changes(whole, fingerprint(few)) == [
            f"it has 20 training images here and {len(data.train):,} there"
        ]
        assert data_changes(fingerprint(few), fingerprint(limit_training(data, 20))) == []
        hidden = hide_labels(limit_training(data, 20), 1) if len(data.classes) == 2 else few
        if hidden is not few:
            assert data_changes(fingerprint(few), fingerprint(hidden)) == ["its training labels have changed"]
        prints.append(whole["train"]["images"])
    assert len(set(prints)) == 3
    changed = split(40, shape=(4, 4)).images
    changed[7] ^= 1
    np.savez(tmp_path / "a.npz", images=changed, labels=np.arange(40) % 2)
    for spec, there in zip((f"stacked:npz:{tmp_path}/a.npz", f"npz:{tmp_path}/a.npz"), prints[1:], strict=True):
        data = load(spec, resolution=(8, 9), memory_limit=1000)
        here = fingerprint(data)["train"]["images"]
        assert here != there or fingerprint(data)["test"]["images"] != there


def test_records_are_known_by_their_files_and_a_sample(tmp_path, monkeypatch):
    records = [{"image": bytes([index]) * 10} for index in range(100)]
    monkeypatch.setattr(tfds_images, "_examples", lambda folder, split: records)

    def images(folder, **changed):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "tiny.array_record").write_bytes(bytes(changed.pop("size", 5)))
        arguments = {"split": "train", "feature": "image", "indices": np.arange(90), "resolution": 8} | changed
        source = tfds_images.RecordImages(str(tmp_path / folder), channels=1, **arguments)
        return fingerprint(Dataset("tiny", Split(source, None), Split(source, None), ()))["train"]["images"]

    assert images("a") == images("b")
    assert images("a") != images("a", size=6)
    assert images("a") != images("a", indices=np.arange(1, 91))
    assert images("a") != images("a", split="test")
    before = images("a")
    records[0] = {"image": b"another"}
    assert images("a") != before
    records[0] = {}
    with pytest.raises(UserError, match="example 0 of split 'train' cannot be read"):
        images("a")
