"""The names of datasets, their help, and the limit of memory."""

import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from gan_jax.common.errors import UsageError
from gan_jax.data import describe_datasets, load
from gan_jax.data.loaders import LOADERS, Group
from gan_jax.data.sources import scenes


def pixels(count, height=8, width=8, channels=None, seed=0):
    shape = (count, height, width) if channels is None else (count, height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


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
    assert all(loader.form in str(caught.value) for loader in LOADERS)
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
    with pytest.raises(UsageError, match=r"resolution \(8, 0\)"):
        load("digits", resolution=(8, 0))


def test_the_prepared_images_of_squares_are_found_where_they_were(tmp_path, cache):
    """The name and the key of a cached array, which `cached` hashes."""
    Image.fromarray(pixels(1)[0]).save(tmp_path / "a.png")
    Image.fromarray(pixels(1)[0]).save(tmp_path / "b.png")

    def names():
        return {path.name.rpartition("-")[0] for path in cache.iterdir()}

    with pytest.MonkeyPatch.context() as patch:
        keys = []
        patch.setattr(
            sys.modules[load.__module__], "cached", lambda name, key, build: keys.append((name, key)) or build()
        )
        for resolution in (8, (8, 8), (8, 12)):
            load(f"folder:{tmp_path}", resolution=resolution)
    (name, (kind, _, size)), same, (other_name, (_, _, other_size)) = keys
    assert (name, kind, size) == ("folder-8", "folder", 8)
    assert same == keys[0]
    assert (other_name, other_size) == ("folder-8x12", (8, 12))
    load(f"folder:{tmp_path}", resolution=8)
    load(f"folder:{tmp_path}", resolution=(8, 12))
    assert names() == {"image-headers", "folder-8", "folder-8x12"}


def test_what_exceeds_the_limit_is_decoded_on_demand(tmp_path):
    Image.fromarray(pixels(1)[0]).save(tmp_path / "a.png")
    Image.fromarray(pixels(1)[0]).save(tmp_path / "b.png")
    for spec in ("digits", "glyphs", f"folder:{tmp_path}"):
        dataset = load(spec, resolution=8, memory_limit=50)
        assert not dataset.train.in_memory
        assert dataset.train.images[0].shape == (8, 8, 1)
    assert load(f"folder:{tmp_path}", resolution=8, memory_limit=64).train.in_memory


def test_the_help_names_every_loader_under_its_group():
    lines = describe_datasets().splitlines()
    headings = [lines.index(f"{group.value}:") for group in Group]
    for loader in LOADERS:
        line = lines.index(f"  {loader.form}: {loader.help}")
        above = [group for group, heading in zip(Group, headings, strict=True) if heading < line]
        assert above[-1] is loader.group


def test_load_knows_every_name_in_the_help(tmp_path, monkeypatch):
    monkeypatch.setattr(scenes, "TRAIN_COUNT", 3)
    monkeypatch.setattr(scenes, "TEST_COUNT", 2)
    text = describe_datasets()
    names = {*re.findall(r"^  (\S+): ", text, re.MULTILINE), *re.findall(r"\b[a-z]+:[\w/]+(?::[A-Z]+)?", text)}
    assert names == {loader.form for loader in LOADERS} | {"tfds:cycle_gan/NAME"}
    for name in names:
        spec = name.replace("DATASET", "npz:nowhere").replace("PATH", "nowhere").replace("NAME", "nowhere")
        if spec == name:
            load(spec, resolution=32, memory_limit=0)
        else:
            with pytest.raises(UsageError, match="nowhere") as caught:
                load(spec, resolution=16, data_dir=tmp_path)
            assert "unknown dataset" not in str(caught.value)


def test_the_help_needs_no_import_that_takes_seconds():
    code = "import gan_jax.data, sys; gan_jax.data.describe_datasets(); print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    slow = {"jax", "scipy", "sklearn", "matplotlib", "grain", "tensorflow_datasets"}
    assert not slow & set(result.stdout.split())
