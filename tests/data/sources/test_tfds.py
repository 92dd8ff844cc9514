"""Prepared TFDS datasets. TensorFlow prepares them in a separate process, and they are read without it."""

import json
import os
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from gan_jax.common.errors import UsageError
from gan_jax.data import data_changes, fingerprint, load, stream

PREPARE = """
import sys
import numpy as np
import tensorflow_datasets as tfds


class Base(tfds.core.GeneratorBasedBuilder):
    VERSION = tfds.core.Version("1.0.0")
    SPLITS = {"train": 12, "test": 6}
    FEATURES = {
        "image": tfds.features.Image(shape=(None, None, 3)),
        "label": tfds.features.ClassLabel(names=["x", "y"]),
    }

    def _info(self):
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(self.FEATURES))

    def _split_generators(self, manager):
        return {name: self._generate_examples(name, count) for name, count in self.SPLITS.items()}

    def _generate_examples(self, split, count):
        for number in range(count):
            rng = np.random.default_rng([len(split), number])
            pixels = rng.integers(0, 256, (16 + number, 20, 3), np.uint8)
            yield number, self.example(number, pixels, split)

    def example(self, number, pixels, split):
        return {"image": pixels, "label": number % 2}


class TinyColour(Base):
    pass


class TinyGray(Base):
    SPLITS = {"train": 12}
    FEATURES = {"picture": tfds.features.Image(shape=(None, None, 1)), "text": tfds.features.Text()}

    def example(self, number, pixels, split):
        return {"picture": pixels[..., :1], "text": str(number)}


class TinyWithheld(Base):
    SPLITS = {"train": 12, "test": 4, "validation": 5}

    def example(self, number, pixels, split):
        return {"image": pixels, "label": -1 if split == "test" else number % 2}


class TinyPartly(Base):
    def example(self, number, pixels, split):
        return {"image": pixels, "label": -1 if number == 7 else number % 2}


class TinyDomains(Base):
    SPLITS = {"trainA": 5, "trainB": 4, "testA": 3, "testB": 2}
    FEATURES = {
        "image": tfds.features.Image(shape=(None, None, 3)),
        "label": tfds.features.ClassLabel(names=["A", "B"]),
    }

    def example(self, number, pixels, split):
        value = {"trainA": 0, "trainB": 100, "testA": 50, "testB": 150}[split] + number
        return {"image": np.full_like(pixels, value), "label": split[-1]}


class TinyText(Base):
    FEATURES = {"text": tfds.features.Text()}

    def example(self, number, pixels, split):
        return {"text": "hello"}


class TinySequential(Base):
    pass


for builder in (TinyColour, TinyGray, TinyWithheld, TinyPartly, TinyDomains, TinyText):
    builder(data_dir=sys.argv[1], file_format="array_record").download_and_prepare()
TinyColour.VERSION, TinyColour.SPLITS = tfds.core.Version("1.10.0"), {"train": 2, "test": 2}
TinyColour(data_dir=sys.argv[1], file_format="array_record").download_and_prepare()
TinySequential(data_dir=sys.argv[1], file_format="tfrecord").download_and_prepare()
"""

READ = """
import sys
from importlib.machinery import PathFinder


class WithoutTensorFlow(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] == "tensorflow" else PathFinder.find_spec(name, path, target)


sys.meta_path[sys.meta_path.index(PathFinder)] = WithoutTensorFlow

import numpy as np
from gan_jax.data import load

dataset = load("tfds:tiny_colour:1.0.0", resolution=16, data_dir=sys.argv[1])
np.savez(sys.argv[2], images=dataset.train.images, labels=dataset.train.labels, test_images=dataset.test.images)
assert not any(name.partition(".")[0] in ("tensorflow", "jax") for name in sys.modules)
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tfds")
    result = subprocess.run(
        [sys.executable, "-c", PREPARE, str(folder)],
        capture_output=True,
        text=True,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert result.returncode == 0, result.stderr[-3000:]
    return folder


def picture(split, number, channels=3):
    """The image that the builder above wrote as example `number`, resized to 16x16 with Pillow."""
    pixels = np.random.default_rng([len(split), number]).integers(0, 256, (16 + number, 20, 3), np.uint8)
    height, width = pixels.shape[:2]
    side = min(height, width)
    box = ((width - side) / 2, (height - side) / 2, (width + side) / 2, (height + side) / 2)
    image = Image.fromarray(pixels if channels == 3 else pixels[..., 0])
    return np.asarray(image.resize((16, 16), Image.Resampling.BICUBIC, box)).reshape(16, 16, channels)


def same_set(images, wanted):
    return sorted(each.tobytes() for each in images) == sorted(each.tobytes() for each in wanted)


@pytest.mark.slow
def test_a_prepared_dataset_is_read_without_tensorflow(prepared, tmp_path):
    out = tmp_path / "out.npz"
    result = subprocess.run([sys.executable, "-c", READ, str(prepared), str(out)], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]
    read = np.load(out)
    wanted = {picture("train", number).tobytes(): number % 2 for number in range(12)}
    assert {image.tobytes(): label for image, label in zip(read["images"], read["labels"], strict=True)} == wanted
    assert same_set(read["test_images"], [picture("test", number) for number in range(6)])


def test_the_newest_version_is_taken_unless_another_is_named(prepared):
    assert len(load("tfds:tiny_colour", resolution=16, data_dir=str(prepared)).train) == 2
    assert len(load("tfds:tiny_colour:1.0.0", resolution=16, data_dir=str(prepared)).train) == 12


def test_a_sixth_is_held_out_where_there_is_one_split(prepared):
    dataset = load("tfds:tiny_gray", resolution=16, data_dir=str(prepared))
    assert (len(dataset.train), len(dataset.test)) == (10, 2)
    assert dataset.image_shape == (16, 16, 1)
    assert dataset.train.labels is None
    both = np.concatenate([dataset.train.images, dataset.test.images])
    assert same_set(both, [picture("train", number, 1) for number in range(12)])


def test_validation_replaces_a_test_split_without_labels(prepared):
    dataset = load("tfds:tiny_withheld", resolution=16, data_dir=str(prepared))
    assert same_set(dataset.test.images, [picture("validation", number) for number in range(5)])
    assert dataset.test.labels.min() == 0
    assert dataset.classes == ("x", "y")


def test_the_environment_says_where_datasets_are(prepared, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(prepared))
    assert len(load("tfds:tiny_gray", resolution=16).train) == 10


def test_what_stays_on_disk_equals_what_is_in_memory(prepared):
    memory = load("tfds:tiny_colour:1.0.0", resolution=16, data_dir=str(prepared))
    disk = load("tfds:tiny_colour:1.0.0", resolution=16, data_dir=str(prepared), memory_limit=0)
    assert not disk.train.in_memory
    arguments = {"seed": 0, "start": 2, "batch_size": 5, "rows": slice(None), "workers": 0, "batches": 4}
    for ours, wanted in zip(stream(disk.train, **arguments), stream(memory.train, **arguments), strict=True):
        np.testing.assert_array_equal(ours["image"], wanted["image"])
        np.testing.assert_array_equal(ours["label"], wanted["label"])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tiny_text", "no images.*text"),
        ("tiny_partly", "training images in .*tiny_partly.* have the label -1; .* at least 0 and below 2"),
        ("tiny_sequential", "prepared as tfrecord.*array_record"),
        ("tiny_colour:2.0.0", "prepared are tfds:tiny_colour:1.0.0, tfds:tiny_colour:1.10.0"),
        ("tiny_color", "did you mean tfds:tiny_colour"),
    ],
)
def test_what_cannot_be_used_is_refused(prepared, name, message):
    with pytest.raises(UsageError, match=message):
        load(f"tfds:{name}", resolution=16, data_dir=str(prepared))


def test_two_configurations_must_be_told_apart(prepared, tmp_path):
    for config in ("small", "large"):
        folder = tmp_path / "many" / config / "1.0.0"
        folder.mkdir(parents=True)
        (folder / "dataset_info.json").write_text(json.dumps({}))
    with pytest.raises(UsageError, match="tfds:many/large, tfds:many/small"):
        load("tfds:many", resolution=16, data_dir=str(tmp_path))


def test_a_dataset_that_is_not_prepared_is_refused_at_once_and_without_a_network(tmp_path):
    code = f"""
import socket
def refuse(*args, **kwargs): raise AssertionError("the network was tried")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from gan_jax.data import load
from gan_jax.common.errors import UsageError
try:
    load("tfds:mnist", resolution=16, data_dir={str(tmp_path)!r})
except UsageError as error:
    print(error)
"""
    start = time.perf_counter()
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert time.perf_counter() - start < 20  # it takes about 3 s on an idle machine, mostly for imports
    assert "tfds:mnist is not prepared" in result.stdout, result.stderr
    assert f"{tmp_path}/mnist" in result.stdout
    assert "gan-jax[tfds]" in result.stdout
    assert "array_record" in result.stdout
    assert result.stdout.count("\n") == 1


def test_a_name_nobody_knows_gets_the_nearest(tmp_path):
    with pytest.raises(UsageError, match=r"did you mean.*tfds:mnist"):
        load("tfds:mnits", resolution=16, data_dir=str(tmp_path))


@pytest.mark.parametrize("memory_limit", [2**30, 0])
def test_the_domains_of_cycle_gan_are_unpaired(prepared, memory_limit):
    dataset = load("tfds:tiny_domains", resolution=8, data_dir=prepared, memory_limit=memory_limit)
    assert dataset.info.translation_shapes == ((8, 8, 3), (8, 8, 3))
    assert dataset.classes == ()
    for split, images, targets in ((dataset.train, 5, 4), (dataset.test, 3, 2)):
        assert not split.paired
        assert split.labels is None
        offset = 0 if split is dataset.train else 50
        assert {int(split.images[i].mean()) for i in range(images)} == {offset + i for i in range(images)}
        assert {int(split.targets[i].mean()) for i in range(targets)} == {100 + offset + i for i in range(targets)}
        assert (len(split.images), len(split.targets)) == (images, targets)


def test_rectangles_and_the_fingerprint_of_a_copy(prepared, tmp_path):
    spec, arguments = "tfds:tiny_colour:1.0.0", {"resolution": (8, 16), "memory_limit": 0}
    there = load(spec, data_dir=prepared, **arguments)
    assert there.image_shape == (8, 16, 3)
    assert there.train.images[3].shape == (8, 16, 3)
    shutil.copytree(prepared, tmp_path / "copy", ignore=shutil.ignore_patterns("downloads"))
    assert data_changes(fingerprint(there), fingerprint(load(spec, data_dir=tmp_path / "copy", **arguments))) == []
    other = load("tfds:tiny_withheld", data_dir=prepared, **arguments)
    assert data_changes(fingerprint(there), fingerprint(other)) == [
        "its training images have changed",
        "it has 5 held-out images here and 6 there",
    ]
