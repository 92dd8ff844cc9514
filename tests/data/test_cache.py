import logging
from pathlib import Path

import numpy as np
import pytest

from gan_jax.data import cache_dir
from gan_jax.data.cache import cached


class Build:
    """Counts its calls."""

    def __init__(self):
        self.calls = 0

    def __call__(self):
        self.calls += 1
        return {"a": np.arange(1000), "b": np.eye(3, dtype=np.uint8)}


@pytest.fixture
def build():
    return Build()


def test_the_folder_follows_the_environment(monkeypatch):
    monkeypatch.setenv("GAN_JAX_CACHE", "/one")
    monkeypatch.setenv("XDG_CACHE_HOME", "/two")
    monkeypatch.setenv("HOME", "/three")
    assert cache_dir() == Path("/one")
    monkeypatch.delenv("GAN_JAX_CACHE")
    assert cache_dir() == Path("/two/gan-jax")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_dir() == Path("/three/.cache/gan-jax")


def test_arrays_are_made_once(build, cache):
    for _ in range(3):
        arrays = cached("name", ("identity", 1), build)
        assert build.calls == 1
        assert arrays.keys() == {"a", "b"}
        np.testing.assert_array_equal(arrays["a"], np.arange(1000))
        assert arrays["b"].dtype == np.uint8
    assert [path.suffix for path in cache.iterdir()] == [".npz"]  # no temporary file is left


def test_another_identity_is_another_entry(build):
    cached("name", ("identity", 1), build)
    cached("name", ("identity", 2), build)
    assert build.calls == 2


def damage_nothing_left(path):
    path.write_bytes(b"")


def damage_cut_short(path):
    path.write_bytes(path.read_bytes()[:-100])


def damage_another_format(path):
    path.write_bytes(b"not an archive" * 100)


def damage_one_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [damage_nothing_left, damage_cut_short, damage_another_format, damage_one_bit])
def test_a_damaged_file_is_made_again(build, cache, damage):
    cached("name", 1, build)
    (path,) = cache.iterdir()
    damage(path)
    arrays = cached("name", 1, build)
    assert build.calls == 2
    np.testing.assert_array_equal(arrays["a"], np.arange(1000))
    cached("name", 1, build)
    assert build.calls == 2


def test_a_folder_that_cannot_be_written_is_mentioned_once(build, tmp_path, monkeypatch, caplog):
    # A file is where the folder should be. Permissions would not stop root.
    (tmp_path / "file").touch()
    monkeypatch.setenv("GAN_JAX_CACHE", str(tmp_path / "file" / "below"))
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert cached("name", 1, build)["a"].size == 1000
    assert build.calls == 2
    assert sum("GAN_JAX_CACHE" in record.getMessage() for record in caplog.records) == 1


def test_a_full_disk_leaves_nothing_behind(build, cache, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    assert cached("name", 1, build)["a"].size == 1000
    assert list(cache.iterdir()) == []
