"""Arrays that took a while to make, kept on disk between runs."""

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

# Raise this when what the cached arrays hold changes meaning.
_VERSION = 1

_log = logging.getLogger(__name__)


def cache_dir() -> Path:
    """$GAN_JAX_CACHE, else gan-jax below $XDG_CACHE_HOME, else below ~/.cache. It need not exist."""
    if chosen := os.environ.get("GAN_JAX_CACHE"):
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gan-jax"


def cached(name: str, identity: object, build: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """What `build` returns, from the cache where it is there.

    The cache is a convenience: a file that cannot be read is built again, a folder that cannot be written is
    mentioned once in the log.

    Args:
      name: a readable beginning for the file's name.
      identity: everything the arrays depend on; its `repr` is hashed. Pillow's version is added, since it may resize
        or draw differently from one to the next.
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
    # What a file cut short or overwritten raises; the zip's checksums find a flipped bit.
    except (OSError, ValueError, EOFError, KeyError, AttributeError, zipfile.BadZipFile, NotImplementedError) as error:
        _log.warning("making %s again: it cannot be read (%s)", path, error)
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
