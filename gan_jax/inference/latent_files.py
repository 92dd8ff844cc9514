"""Latents in NumPy files, as `gan-jax sample` reads and writes them."""

import difflib
import unicodedata
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.game import Game
from gan_jax.inference.latents import latents_from_arrays


def read_latents(path: Path, game: Game, classes: Sequence[str], with_labels: bool = True) -> Any:
    """The latents in a file, as `game.sample` takes them.

    path: a .npy file of latents (N, ...), or a .npz file of `latents` and, for a conditional game, optionally `labels`
        (N,), which are names of classes or their numbers. Without labels, the samples have the classes of the first N
        samples of the game.
    classes: the names of the classes.
    with_labels: whether to use the labels in the file.

    Raises UsageError if the file cannot be read or does not suit the game.
    """
    arrays = _read(path)
    labels = arrays.get("labels") if with_labels else None
    try:
        if labels is not None and labels.dtype.kind == "U":
            labels = np.array([class_number(name, classes) for name in labels.ravel().tolist()]).reshape(labels.shape)
        return latents_from_arrays(game, arrays["latents"], labels)
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from error


def class_number(name: str, classes: Sequence[str]) -> int:
    """The place of `name` in `classes`. Raises ValueError if it is not there."""
    # A folder's name may have its accents as characters of their own.
    composed = [unicodedata.normalize("NFC", each) for each in classes]
    if (own := unicodedata.normalize("NFC", name)) in composed:
        return composed.index(own)
    if not classes:
        raise ValueError(f"there is no such class as {name}: the data have no classes")
    near = difflib.get_close_matches(name, classes, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    listed = ", ".join(classes[:20]) + (", ..." if len(classes) > 20 else "")
    raise ValueError(f"there is no such class as {name}: the classes are {listed}{hint}")


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        stored = np.load(path, allow_pickle=False)
        if isinstance(stored, np.ndarray):
            return {"latents": stored}
        with stored:
            if "latents" not in stored.files:
                raise UsageError(f"{path}: no array is named 'latents'; the archive holds {', '.join(stored.files)}")
            return {name: stored[name] for name in ("latents", "labels") if name in stored.files}
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file") from None
    except (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise UsageError(f"{path} is not a NumPy file that can be read: {error}") from None
