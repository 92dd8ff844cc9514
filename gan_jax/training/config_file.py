"""The file config.json of a run folder: what a run is, and its history. Nothing here imports jax or runs code.

It has the name and path of the experiment, every setting, the data, the versions and devices, the git commit, where the
folder lay when it was written, and `history`: what was changed later, and at which step. The config.json of a sweep
also has the settings that it varies.
"""

import importlib.metadata
import json
import os
import platform
import subprocess
import time
from pathlib import Path, PurePosixPath
from typing import Any

from gan_jax.common.errors import UsageError
from gan_jax.common.files import write_text
from gan_jax.data import DataInfo
from gan_jax.training import older_runs

NAME = "config.json"

# Increase this number when the contents of a run folder change, and make `older_runs` read the older format.
FORMAT = 3

_PACKAGES = ("gan-jax", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy", "pillow")

_TYPES: dict[str, type] = {"experiment": str, "path": str, "settings": dict, "data": dict}
_OPTIONAL: dict[str, type] = {"format": int, "modules": list, "history": list, "sweep": dict, "folder": str}
_NAMES = {dict: "an object", list: "a list", str: "a text", int: "a whole number"}


def read_config(folder: Path) -> dict[str, Any]:
    """Returns the contents of config.json, by their present names if an older version wrote it.

    Raises UsageError if it is missing or is not the config.json of a run.
    """
    path = folder / NAME
    try:
        config = json.loads(path.read_text())
    except FileNotFoundError:
        raise UsageError(f"{folder} is not a run: it has no {NAME}") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {path}: {error}") from error
    _check(path, config)
    if config.get("format", 1) > FORMAT:
        raise UsageError(f"{path} is of format {config['format']}, which a newer version of gan-jax wrote")
    if config.get("format", 1) < 2:
        config["settings"] = older_runs.upgrade_settings(config["settings"])
    return {"history": [], **config}


def write_config(folder: Path, config: dict[str, Any]) -> None:
    """Writes config.json atomically. Raises UserError if it cannot be written."""
    write_text(folder / NAME, json.dumps({**config, "folder": _place(folder)}, indent=2) + "\n")


def versions() -> dict[str, str | None]:
    """Returns the versions of Python and of packages. That of a package that is not installed is None."""
    return {"python": platform.python_version(), **{name: _version(name) for name in _PACKAGES}}


def event(step: int, **what: Any) -> dict[str, Any]:
    """Returns an entry of the history."""
    return {"step": step, "time": time.strftime("%Y-%m-%d %H:%M:%S"), **what}


def whence(folder: Path, config: dict[str, Any]) -> str | None:
    """Says why a run folder seems to come from elsewhere: another user wrote it, or it lay elsewhere. Or None."""
    owner = (folder / NAME).stat().st_uid
    if hasattr(os, "getuid") and owner != os.getuid():
        return f"it belongs to another user, of number {owner}"
    if "folder" in config and config["folder"] != _place(folder):
        return f"it was written in {config['folder']}"
    return None


def data_to_json(info: DataInfo, fingerprint: dict) -> dict:
    """Returns plain values. `fingerprint`: see `data.fingerprint`."""
    data: dict[str, Any] = {"example_shape": info.example_shape, "classes": info.classes, "fingerprint": fingerprint}
    if info.characters:
        data["characters"] = info.characters
    return data if info.target_shape is None else {**data, "target_shape": info.target_shape, "paired": info.paired}


def data_from_json(data: dict) -> DataInfo:
    """The inverse of `data_to_json`. Raises UsageError for other contents."""
    try:
        target_shape = tuple(map(int, data["target_shape"])) if "target_shape" in data else None
        shape, classes = tuple(map(int, data["example_shape"])), tuple(map(str, data["classes"]))
        characters = str(data.get("characters", ""))
        return DataInfo(shape, classes, target_shape, bool(data.get("paired", True)), characters)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{NAME} does not describe its data: {type(error).__name__}: {error}") from error


def _check(path: Path, config: Any) -> None:
    """Raises UsageError unless `config` has the entries that every version writes, with the right types."""
    if not isinstance(config, dict):
        raise UsageError(f"{path} is not the {NAME} of a run: it is no object")
    for name, kind in (_TYPES | _OPTIONAL).items():
        if name not in config and name in _TYPES:
            raise UsageError(f"{path} is not the {NAME} of a run: it has no {name!r}")
        if name in config and not isinstance(config[name], kind):
            raise UsageError(f"{path} is not the {NAME} of a run: {name!r} is not {_NAMES[kind]}")
    for name in config.get("modules", ()):
        if not isinstance(name, str) or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise UsageError(f"{path} is not the {NAME} of a run: it names a module outside of its folder, {name!r}")


def _place(folder: Path) -> str:
    return os.path.realpath(folder)


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def git_commit(folder: Path) -> str | None:
    """Returns the commit of the experiment's repository, with "+" for uncommitted changes, or None without one."""

    def git(*words: str) -> str:
        return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return None
