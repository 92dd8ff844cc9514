"""A cache on disk for arrays that take a while to make."""

import hashlib
import logging
import os
import tempfile
import zipfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import numpy as np
import PIL

# Increase this when the meaning of the cached arrays changes.
_VERSION = 1

_log = logging.getLogger(__name__)


def cache_dir() -> Path:
    """The folder of the cache, which need not exist.

    It is $GAN_JAX_CACHE if that is set, else $XDG_CACHE_HOME/gan-jax, else ~/.cache/gan-jax.
    """
    if chosen := os.environ.get("GAN_JAX_CACHE"):
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gan-jax"


def cached(name: str, identity: object, build: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The arrays that `build` returns, read from the cache if they are there.

    No error of the cache stops a run: if a file cannot be read, its arrays are built again, and if the folder cannot be
    written, a warning is logged once.

    Args:
      name: the readable beginning of the file's name.
      identity: everything that the arrays depend on. Its `repr` is hashed, together with the version of Pillow, because
        other versions may resize or draw differently.
      build: makes the arrays.
    """
    digest = hashlib.sha256(repr((_VERSION, PIL.__version__, identity)).encode()).hexdigest()[:32]
    path = cache_dir() / f"{name}-{digest}.npz"
    arrays = _read(path)
    if arrays is None:
        arrays = build()
        _write(path, arrays)
    return arrays


def _read(path: Path) -> dict[str, np.ndarray] | None:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except FileNotFoundError:
        return None
    # These are the errors of truncated and overwritten files. The zip's checksums detect flipped bits.
    except (OSError, ValueError, EOFError, KeyError, AttributeError, zipfile.BadZipFile, NotImplementedError) as error:
        _log.warning("making %s again, because it cannot be read (%s)", path, error)
        return None


def _write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    aside = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".tmp", delete=False) as file:
            aside = Path(file.name)
            np.savez(file, allow_pickle=False, **arrays)
        aside.replace(path)
    except OSError as error:
        if aside is not None:
            aside.unlink(missing_ok=True)
        _warn_once(str(path.parent), str(error))


@lru_cache
def _warn_once(folder: str, reason: str) -> None:
    _log.warning(
        "cannot keep prepared images in %s (%s); set GAN_JAX_CACHE to a folder that can be written", folder, reason
    )
