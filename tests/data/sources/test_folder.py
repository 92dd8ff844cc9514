import json
import logging
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from gan_jax.common.errors import UsageError, UserError
from gan_jax.data import fingerprint, load, take
from gan_jax.data.sources import folder as folder_module
from gan_jax.data.sources.image_files import UnreadableImage


def write(path, value=None, size=(12, 10), mode="RGB", seed=0):
    """A picture of one gray `value`, or of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    array = noise if value is None else np.full_like(noise, value)
    Image.fromarray(array).convert(mode).save(path)


def values(split):
    """The gray values of uniform pictures."""
    return [int(split.images[index][0, 0, 0]) for index in range(len(split))]


def test_images_of_any_size_and_mode_are_found_at_any_depth(tmp_path):
    write(tmp_path / "a.png", 10, (30, 20))
    write(tmp_path / "deep/er/b.JPG", 20, (20, 30))
    write(tmp_path / "deep/c.gif", 30, (5, 5), "L")
    write(tmp_path / "d.bmp", 40, mode="1")
    write(tmp_path / "e.tiff", 50, mode="CMYK")
    write(tmp_path / "f.webp", 60, mode="RGBA")
    (tmp_path / "notes.txt").write_text("not an image")
    write(tmp_path / ".hidden/g.png", 70)
    write(tmp_path / "._h.png", 80)
    dataset = load(f"folder:{tmp_path}", resolution=16)
    assert dataset.image_shape == (16, 16, 3)
    assert (len(dataset.train), len(dataset.test)) == (5, 1)
    found = sorted(values(dataset.train) + values(dataset.test))
    np.testing.assert_allclose(found, [0, 10, 20, 30, 50, 60], atol=2)  # with one bit, 40 becomes black
    assert dataset.train.labels is None


def test_gray_files_give_one_channel_and_one_colour_file_gives_three(tmp_path):
    for index in range(4):
        write(tmp_path / f"{index}.png", mode="L")
    assert load(f"folder:{tmp_path}", resolution=8).image_shape == (8, 8, 1)
    write(tmp_path / "4.png")
    assert load(f"folder:{tmp_path}", resolution=8).image_shape == (8, 8, 3)


def test_class_folders_give_labels(tmp_path):
    for name, value in (("cat", 10), ("ant", 20), ("bee", 30)):
        for index in range(6):
            write(tmp_path / name / "more" / f"{index}.png", value)
    dataset = load(f"folder:{tmp_path}", resolution=8)
    assert dataset.classes == ("ant", "bee", "cat")
    for split in (dataset.train, dataset.test):
        np.testing.assert_array_equal(np.array([20, 30, 10])[split.labels], values(split))
    assert np.bincount(dataset.test.labels).tolist() == [1, 1, 1]


def test_train_and_test_folders_are_the_splits(tmp_path):
    for split, offset in (("train", 0), ("test", 100)):
        for label in range(2):
            for index in range(3):
                write(tmp_path / split / f"class{label}" / f"{index}.png", offset + label * 10 + index)
    write(tmp_path / "other" / "x.png", 200)
    dataset = load(f"folder:{tmp_path}", resolution=8)
    assert values(dataset.train) == [0, 1, 2, 10, 11, 12]
    assert values(dataset.test) == [100, 101, 102, 110, 111, 112]
    assert dataset.classes == ("class0", "class1")
    assert dataset.test.labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_links_are_followed_but_not_in_circles(tmp_path):
    write(tmp_path / "elsewhere/a.png", 1)
    write(tmp_path / "elsewhere/b.png", 2)
    data = tmp_path / "data"
    data.mkdir()
    (data / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(data)
    dataset = load(f"folder:{data}", resolution=8)
    assert sorted(values(dataset.train) + values(dataset.test)) == [1, 2]


def test_the_splits_do_not_depend_on_where_the_folder_is(tmp_path):
    for index in range(12):
        write(tmp_path / "one" / f"{index:02}.png", index)
    one = load(f"folder:{tmp_path}/one", resolution=8)
    os.rename(tmp_path / "one", tmp_path / "two")
    two = load(f"folder:{tmp_path}/two", resolution=8)
    assert values(one.test) == values(two.test)


def test_a_changed_file_is_read_again(tmp_path):
    for index in range(3):
        write(tmp_path / f"{index}.png", 10)
    load(f"folder:{tmp_path}", resolution=8)
    for index in range(3):
        write(tmp_path / f"{index}.png", 200)
    assert set(values(load(f"folder:{tmp_path}", resolution=8).train)) == {200}


def test_what_stays_on_disk_equals_what_is_in_memory(tmp_path):
    for index in range(9):
        write(tmp_path / "ab"[index % 2] / f"{index}.jpg", size=(20 + index, 30), seed=index)
    memory = load(f"folder:{tmp_path}", resolution=16)
    disk = load(f"folder:{tmp_path}", resolution=16, memory_limit=0)
    assert memory.train.in_memory
    assert not disk.train.in_memory
    assert disk.train.images.shape == memory.train.images.shape
    indices = np.array([3, 0, 3, 6])
    for name, wanted in take(memory.train, indices).items():
        np.testing.assert_array_equal(take(disk.train, indices)[name], wanted)
    copy = pickle.loads(pickle.dumps(disk.train))
    np.testing.assert_array_equal(copy.images[2], memory.train.images[2])


def damaged(tmp_path, how):
    for index in range(8):
        write(tmp_path / f"{index}.jpg", size=(64, 64), seed=index)
    bad = tmp_path / "3.jpg"
    if how == "empty":
        bad.write_bytes(b"")
    elif how == "text":
        bad.write_text("<html>404</html>")
    else:
        bad.write_bytes(bad.read_bytes()[: bad.stat().st_size // 2])
    return bad


@pytest.mark.parametrize(("how", "reason"), [("empty", "empty"), ("text", "not an image"), ("cut", "truncated")])
def test_a_damaged_file_is_refused_at_the_start(tmp_path, how, reason):
    bad = damaged(tmp_path, how)
    with pytest.raises(UsageError, match=reason) as caught:
        load(f"folder:{tmp_path}", resolution=8)
    assert f"{bad} (" in str(caught.value)
    assert "1 of " in str(caught.value)


@pytest.mark.parametrize(("how", "reason"), [("empty", "empty"), ("text", "not an image"), ("cut", "truncated")])
def test_a_damaged_file_is_refused_at_the_start_even_if_images_stay_on_disk(tmp_path, how, reason):
    bad = damaged(tmp_path, how)
    for _ in range(2):  # nothing of it is cached
        with pytest.raises(UsageError, match=rf"1 of 8 images cannot be read: {bad} \(.*{reason}"):
            load(f"folder:{tmp_path}", resolution=8, memory_limit=0)


def test_floating_point_pixels_are_refused_at_the_start_even_if_images_stay_on_disk(tmp_path):
    write(tmp_path / "a.png")
    Image.fromarray(np.zeros((8, 8), np.float32)).save(tmp_path / "b.tif")
    with pytest.raises(UsageError, match=r"b.tif \(floating-point pixels have no known range"):
        load(f"folder:{tmp_path}", resolution=8, memory_limit=0)


def test_a_file_that_is_truncated_later_is_named_when_it_is_read(tmp_path):
    bad = tmp_path / "3.jpg"
    for index in range(8):
        write(tmp_path / f"{index}.jpg", size=(64, 64), seed=index)
    dataset = load(f"folder:{tmp_path}", resolution=8, memory_limit=0)
    damaged(tmp_path, "cut")
    bad_split = next(split for split in (dataset.train, dataset.test) if "3.jpg" in split.images._names)
    with pytest.raises(UserError, match=f"{bad}.*truncated"):
        take(bad_split, np.arange(len(bad_split)))


def test_a_file_that_goes_missing_is_named(tmp_path):
    for index in range(3):
        write(tmp_path / f"{index}.png")
    dataset = load(f"folder:{tmp_path}", resolution=8, memory_limit=0)
    for path in tmp_path.iterdir():
        path.unlink()
    with pytest.raises(UserError, match=r"\.png .*gone"):
        dataset.train.images[0]


def test_many_damaged_files_are_counted(tmp_path):
    for index in range(20):
        (tmp_path / f"{index:02}.png").write_bytes(b"")
    with pytest.raises(UsageError, match=r"20 of 20 .*00.png.*01.png.*02.png.*and 17 more") as caught:
        load(f"folder:{tmp_path}", resolution=8)
    assert "03.png" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_error_survives_the_way_from_another_process():
    error = pickle.loads(pickle.dumps(UnreadableImage("a.png", "truncated")))
    assert str(error) == "a.png cannot be read as an image: truncated"


def test_a_folder_that_cannot_be_used(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        load(f"folder:{tmp_path}/missing", resolution=8)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="not a folder"):
        load(f"folder:{tmp_path}/file", resolution=8)
    with pytest.raises(UsageError, match=r"no images.*\.png"):
        load(f"folder:{tmp_path}", resolution=8)
    write(tmp_path / "one.png")
    with pytest.raises(UsageError, match="at least 2"):
        load(f"folder:{tmp_path}", resolution=8)
    (tmp_path / "train").mkdir()
    (tmp_path / "test").mkdir()
    write(tmp_path / "train" / "a.png")
    with pytest.raises(UsageError, match="test: no images"):
        load(f"folder:{tmp_path}", resolution=8)


def warnings(caplog, tmp_path):
    """What loading says; the same is said each time."""
    said = []
    for _ in range(2):
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            load(f"folder:{tmp_path}", resolution=8)
        said.append([record.getMessage() for record in caplog.records])
    assert said[0] == said[1]
    assert not any("\n" in line for line in said[0])
    return said[0]


def test_loose_files_beside_class_folders_are_why_there_are_no_labels(tmp_path, caplog):
    for name in ("a/0.png", "a/1.png", "b/0.png", "b/1.png", "b/2.png"):
        write(tmp_path / name)
    assert warnings(caplog, tmp_path) == []
    write(tmp_path / "thumb.png")
    said = f"{tmp_path}: no labels, because 1 of 6 images are in none of the 2 class folders: thumb.png"
    assert warnings(caplog, tmp_path) == [said]
    for index in range(4):
        write(tmp_path / f"x{index}.png")
    (said,) = warnings(caplog, tmp_path)
    assert said.endswith("5 of 10 images are in none of the 2 class folders: thumb.png, x0.png, x1.png, ...")
    assert load(f"folder:{tmp_path}", resolution=8).classes == ()


@pytest.mark.parametrize("loose", ["train/a.png", "test/a.png"])
def test_loose_files_in_a_split_are_why_there_are_no_labels(tmp_path, caplog, loose):
    for split in ("train", "test"):
        for name in ("a", "b"):
            write(tmp_path / split / name / "0.png")
    assert warnings(caplog, tmp_path) == []
    write(tmp_path / loose)
    (said,) = warnings(caplog, tmp_path)
    assert said.endswith(f"no labels, because 1 of 5 images are in none of the 2 class folders: {loose}")


def test_class_folders_in_one_split_alone_are_said(tmp_path, caplog):
    for name in ("train/a/0.png", "train/b/0.png", "test/0.png", "test/1.png"):
        write(tmp_path / name)
    (said,) = warnings(caplog, tmp_path)
    assert said.endswith("2 of 4 images are in none of the 2 class folders: test/0.png, test/1.png")
    assert load(f"folder:{tmp_path}", resolution=8).train.labels is None


def test_a_folder_without_classes_has_nothing_to_say(tmp_path, caplog):
    for name in ("a.png", "b.png", "more/c.png"):
        write(tmp_path / name)
    assert warnings(caplog, tmp_path) == []


def test_files_that_are_skipped_are_counted_by_their_suffix(tmp_path, caplog):
    for name in ("a.png", "b.jfif", "sub/c.JFIF"):
        write(tmp_path / name) if name.endswith("png") else write_as(tmp_path / name, "JPEG")
    for name in ("1.HEIC", "2.heic", "sub/3.heic", "README", ".DS_Store", "x.json", "y.json"):
        (tmp_path / name).write_bytes(b"")
    said = f"{tmp_path}: files that are not read as images, by their suffix: 3 .heic, 2 .json, 1 without a suffix"
    assert warnings(caplog, tmp_path) == [said]
    dataset = load(f"folder:{tmp_path}", resolution=8)
    assert len(dataset.train) + len(dataset.test) == 3


def test_a_folder_of_nothing_else_says_what_it_holds(tmp_path):
    (tmp_path / "a.heic").touch()
    with pytest.raises(UsageError, match=r"no images there \(looked for .*; it holds 1 \.heic\)"):
        load(f"folder:{tmp_path}", resolution=8)


def write_as(path, kind):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), (50, 50, 50)).save(path, kind)


@pytest.mark.skipif(".avif" not in folder_module.EXTENSIONS, reason="this Pillow does not read AVIF")
def test_avif_files_are_read(tmp_path, caplog):
    for index in range(2):
        write_as(tmp_path / f"{index}.avif", "AVIF")
    assert warnings(caplog, tmp_path) == []
    np.testing.assert_allclose(load(f"folder:{tmp_path}", resolution=8).train.images, 50, atol=2)


def test_without_avif_such_files_are_said_to_be_skipped(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(folder_module, "EXTENSIONS", folder_module.EXTENSIONS - {".avif"})
    for name in ("a.png", "b.png"):
        write(tmp_path / name)
    (tmp_path / "c.avif").touch()
    (said,) = warnings(caplog, tmp_path)
    assert "1 .avif" in said


def test_rectangles_are_cut_from_the_middle(tmp_path):
    """Resized to cover the size; what is too much is cropped on both sides alike."""
    for index in range(2):
        rows = np.repeat(np.arange(40, dtype=np.uint8)[:, None] * 5, 30, 1)
        Image.fromarray(rows).save(tmp_path / f"{index}.png")
    dataset = load(f"folder:{tmp_path}", resolution=(10, 30))
    assert dataset.image_shape == (10, 30, 1)
    np.testing.assert_array_equal(dataset.train.images[0, :, 0, 0], np.arange(15, 25) * 5)
    streamed = load(f"folder:{tmp_path}", resolution=(10, 30), memory_limit=0)
    np.testing.assert_array_equal(streamed.train.images[0], dataset.train.images[0])


@pytest.mark.parametrize("variables", [{}, {"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_class_names_are_the_same_in_every_locale(tmp_path, variables):
    """Also those that are not UTF-8, which Python reads as lone surrogates."""
    for name in ("ä".encode(), b"\xe4", b"plain"):
        for index in range(4):
            path = os.path.join(os.fsencode(tmp_path), name, b"%d.png" % index)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                Image.new("L", (8, 8), index).save(file, "PNG")
    code = (
        "import json, sys; from gan_jax.data import fingerprint, load; "
        "print(json.dumps([fingerprint(load(sys.argv[1], resolution=8, memory_limit=m)) for m in (0, 10**9)]))"
    )
    run = [sys.executable, "-c", code, f"folder:{tmp_path}"]
    result = subprocess.run(run, capture_output=True, text=True, env={**os.environ, **variables}, check=True)
    here = [fingerprint(load(f"folder:{tmp_path}", resolution=8, memory_limit=limit)) for limit in (0, 10**9)]
    assert json.loads(result.stdout) == here
    assert here[0]["classes"] == ["plain", "ä", "\udce4"]
