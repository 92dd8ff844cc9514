"""Latents in files, and the names of classes."""

import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.common.errors import UsageError
from gan_jax.game import Game
from gan_jax.inference import class_number, read_latents

GAME = Game(
    (), lambda key: ({}, {}), latents=lambda key, count: (jnp.zeros((count, 2)), jnp.arange(count) % 3), classes=3
)
CLASSES = ("cat", "dog", "ox")


def test_latents_of_a_file_of_either_kind(tmp_path):
    latents = np.random.default_rng(0).normal(size=(4, 2)).astype(np.float32)
    np.save(tmp_path / "a.npy", latents)
    np.savez(tmp_path / "b.npz", latents=latents, labels=[2, 2, 0, 1], images=np.zeros(3))
    np.savez(tmp_path / "c.npz", latents=latents, labels=["ox", "ox", "cat", "dog"])
    for name, labels in {"a.npy": [0, 1, 2, 0], "b.npz": [2, 2, 0, 1], "c.npz": [2, 2, 0, 1]}.items():
        read = read_latents(tmp_path / name, GAME, CLASSES)
        np.testing.assert_array_equal(read[0], latents)
        np.testing.assert_array_equal(read[1], labels)


def test_files_that_hold_no_latents(tmp_path):
    (tmp_path / "text.npz").write_text("no archive")
    (tmp_path / "empty.npy").touch()
    np.savez(tmp_path / "other.npz", images=np.zeros(3))
    np.save(tmp_path / "objects.npy", np.array([{}, None]), allow_pickle=True)
    np.savez(tmp_path / "cow.npz", latents=np.zeros((1, 2)), labels=["cow"])
    np.savez(tmp_path / "wide.npz", latents=np.zeros((1, 3)))
    whole = (tmp_path / "wide.npz").read_bytes()
    (tmp_path / "half.npz").write_bytes(whole[: len(whole) // 2])
    for name, words in {
        "none.npy": "no such file",
        "text.npz": "is not a NumPy file that can be read",
        "empty.npy": "is not a NumPy file that can be read",
        "half.npz": "is not a NumPy file that can be read",
        "objects.npy": "is not a NumPy file that can be read",
        "other.npz": "no array is named 'latents'; the archive holds images",
        "cow.npz": "no such class as cow: the classes are cat, dog, ox",
        "wide.npz": r"wide.npz: latents are float64 of shape \(1, 3\)",
    }.items():
        with pytest.raises(UsageError, match=words):
            read_latents(tmp_path / name, GAME, CLASSES)


def test_a_class_is_found_however_its_accents_are_written():
    assert class_number("caf\u00e9", ("bar", "cafe\u0301")) == 1
    with pytest.raises(ValueError, match="did you mean dog"):
        class_number("dogs", CLASSES)
    with pytest.raises(ValueError, match="the data have no classes"):
        class_number("dog", ())
