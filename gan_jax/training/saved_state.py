"""Reading of checkpoints, without changing anything: by the run that resumes, and by readers beside a run that trains.

A checkpoint is the folder CHECKPOINTS/STEP, which Orbax writes aside and renames. Its manifest.json has the size and
the checksum of every file. Arrays are named by their places in the state, such as
("params", "generator", "Conv_0", "kernel").
"""

import json
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp

from gan_jax.common.errors import UserError

MANIFEST = "manifest.json"

# How often, and after how many seconds, a reader looks for a newer checkpoint if a run has just deleted the one it had.
_TRIES, _PAUSE = 20, 0.1

Name = tuple[str, ...]
Upgrade = Callable[[dict[Name, Any], tuple[Name, ...]], dict[Name, Any]]


def as_it_is(saved: dict[Name, Any], wanted: tuple[Name, ...]) -> dict[Name, Any]:
    """The `Upgrade` of a checkpoint that this version wrote."""
    del wanted
    return saved


class DamagedError(Exception):
    """A checkpoint that cannot be read. Its message is the reason."""


class MismatchError(Exception):
    """A checkpoint that is whole, but does not have the arrays of the game. Its message is the difference."""


def steps(folder: Path) -> list[int]:
    """Returns the steps of all checkpoints in `folder`, in ascending order."""
    if not folder.is_dir():
        return []
    return sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal() and path.is_dir())


def read(folder: Path, step: int) -> tuple[dict[Name, np.ndarray], bool]:
    """Returns the arrays of a checkpoint by name, and whether a manifest vouches for them.

    Raises DamagedError if the checkpoint cannot be read.
    """
    path = folder.absolute() / str(step)
    try:
        whole = _verify(path)
        with ocp.StandardCheckpointer(multiprocessing_options=one_process()) as checkpointer:
            return by_name(checkpointer.restore(path / "default")), whole
    except Exception as error:  # Orbax raises various errors for damaged files
        raise DamagedError(str(error).partition("\n")[0][:200] or type(error).__name__) from error


def restore(folder: Path, step: int, like: Any, upgrade: Upgrade = as_it_is) -> Any:
    """Returns a checkpoint as host arrays in the structure of `like`. Empty nodes in `like` do not matter.

    upgrade: (saved arrays by name, names in `like`) -> arrays by those names, for checkpoints of an older version.

    Raises DamagedError if it cannot be read, and UserError if it is whole but has not the arrays and shapes of `like`.
    """
    saved, whole = read(folder, step)
    try:
        return _in_structure(upgrade(saved, tuple(by_name(like))), like)
    except MismatchError as error:
        if not whole:
            raise DamagedError(str(error)) from error
        raise UserError(
            f"checkpoint {step} in {folder} is whole, but not of this game ({error}): "
            "another experiment or version wrote it"
        ) from error


def restore_beside_a_writer(folder: Path, step: int | None, use: Callable[[int], Any]) -> Any:
    """Returns `use(step)` for the checkpoint at `step`, or for the newest one for which `use` raises no DamagedError.

    A run that trains may delete a checkpoint while it is read. A newer one is then tried. Raises UserError if no
    checkpoint can be read, and if there is none at `step`.
    """
    reasons: dict[int, str] = {}
    for _ in range(_TRIES):
        found = steps(folder)
        for number in reversed(found if step is None else [n for n in found if n == step]):
            if number in reasons:
                continue
            try:
                return use(number)
            except DamagedError as error:
                reasons[number] = str(error)
                break  # the run may have written a newer one in the meantime
        else:
            damaged = {number: reason for number, reason in reasons.items() if number in found}
            if damaged:
                raise UserError(f"no checkpoint in {folder} can be read: {describe(damaged)}")
            if not reasons or step is not None:
                raise UserError(_none(folder, step, found))
            time.sleep(_PAUSE)
    raise UserError(f"the checkpoints in {folder} are deleted faster than they can be read: try again")


def one_process() -> ocp.options.MultiprocessingOptions:
    """Returns the options with which Orbax does not wait for the other processes of a run, which read nothing."""
    alone = {"primary_host": 0, "active_processes": {0}, "barrier_sync_key_prefix": "gan_jax"}
    return ocp.options.MultiprocessingOptions(**(alone if jax.process_count() > 1 else {}))


def describe(reasons: dict[int, str]) -> str:
    """Lists damaged checkpoints with the reasons."""
    return "; ".join(f"checkpoint {step} is damaged ({reason})" for step, reason in sorted(reasons.items()))


def _none(folder: Path, step: int | None, found: list[int]) -> str:
    if step is None:
        return f"{folder.parent} holds no checkpoint yet"
    has = f"it has {', '.join(map(str, found))}" if found else "it has none yet"
    return f"{folder.parent} has no checkpoint of step {step}: {has}"


def _verify(path: Path) -> bool:
    """Compares a checkpoint with its manifest. Returns False if it has none. Raises ValueError if it differs."""
    # TensorStore detects most damage itself, but reports it as hundreds of tracebacks from its threads.
    manifest = path / MANIFEST
    if not manifest.exists():  # the run was killed between the commit and the manifest
        return False
    for name, expected in json.loads(manifest.read_bytes()).items():
        file = path / name
        if not file.exists():
            raise ValueError(f"{name} is missing")
        if checksum(file) != expected:
            raise ValueError(f"{name} has changed or was cut short")
    return True


def checksum(path: Path) -> list[int]:
    """Returns the size and the checksum of a file, as a manifest has them."""
    data = path.read_bytes()
    return [len(data), zlib.crc32(data)]


def to_host(state: Any) -> Any:
    """Returns a copy of `state` in host memory for `Checkpoints.save`. PRNG keys become their raw data."""
    return jax.tree.map(lambda x: np.array(jax.random.key_data(x) if _is_key(x) else x), state)


def to_device(saved: Any, like: Any) -> Any:
    """The inverse of `to_host`, for a state with the structure of `like`, which may be abstract."""

    def put(x, like):
        return jax.random.wrap_key_data(x) if _is_key(like) else jnp.array(x)

    return jax.tree.map(put, saved, like)


def host_like(abstract: Any) -> Any:
    """Returns the structure and shapes that `to_host` returns for a state like `abstract`."""
    return jax.eval_shape(lambda s: jax.tree.map(lambda x: jax.random.key_data(x) if _is_key(x) else x, s), abstract)


def by_name(tree: Any) -> dict[Name, Any]:
    """Returns the leaves of a tree by their names, such as ("params", "generator", "Conv_0", "kernel")."""

    def name(entry: Any) -> str:
        for attribute in ("key", "name", "idx"):
            if hasattr(entry, attribute):
                return str(getattr(entry, attribute))
        raise TypeError(f"no name for {entry!r}")

    return {tuple(map(name, path)): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}


def _in_structure(saved: dict[Name, Any], like: Any) -> Any:
    """Returns the arrays in the structure of `like`. Raises MismatchError if names or shapes differ."""
    wanted = by_name(like)
    for name in [*wanted, *saved]:
        if name not in saved:
            raise MismatchError(f"it has no {'/'.join(name)}")
        if name not in wanted:
            raise MismatchError(f"it has {'/'.join(name)}, which the game does not")
        if saved[name].shape != wanted[name].shape:
            raise MismatchError(f"{'/'.join(name)} has the shape {saved[name].shape}, not {wanted[name].shape}")
    arrays = [np.asarray(saved[name], wanted[name].dtype) for name in wanted]
    return jax.tree.unflatten(jax.tree.structure(like), arrays)


def _is_key(x: Any) -> bool:
    return jnp.issubdtype(x.dtype, jax.dtypes.prng_key)
