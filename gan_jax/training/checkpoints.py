"""Checkpoints of a run's state with Orbax. They are written in the background and verified when read."""

import json
import logging
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp

from gan_jax.common.errors import UserError
from gan_jax.common.files import write_aside

_KEEP = 3
_MANIFEST = "manifest.json"

_log = logging.getLogger(__name__)

Name = tuple[str, ...]
Upgrade = Callable[[dict[Name, Any], tuple[Name, ...]], dict[Name, Any]]


class Checkpoints:
    """The newest few checkpoints in a folder. Only one process uses it, since all processes have the same state."""

    def __init__(self, folder: Path):
        self._folder = folder.absolute()
        alone = {"primary_host": 0, "active_processes": {0}, "barrier_sync_key_prefix": "gan_jax"}
        options = ocp.CheckpointManagerOptions(
            max_to_keep=_KEEP,
            enable_async_checkpointing=True,
            multiprocessing_options=ocp.options.MultiprocessingOptions(**(alone if jax.process_count() > 1 else {})),
            async_options=ocp.options.AsyncOptions(post_finalization_callback=self._write_manifests),
            create=jax.process_count() == 1,
        )
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._manager = ocp.CheckpointManager(self._folder, options=options)
        except OSError as error:
            raise UserError(f"cannot keep checkpoints in {folder}: {error.strerror or error}") from error

    def steps(self) -> list[int]:
        """Returns the steps of all checkpoints in order."""
        return sorted(self._manager.all_steps())

    def save(self, step: int, state: Any) -> None:
        """Starts to write `state`, a pytree of host arrays that must not change afterwards."""
        try:
            self._manager.save(step, args=ocp.args.StandardSave(state))
        except Exception as error:  # Orbax and TensorStore raise many types, also for the previous write
            raise self._failed(error) from error

    def wait(self) -> None:
        """Waits until all checkpoints are on disk. Raises UserError if one could not be written."""
        try:
            self._manager.wait_until_finished()
            self._manager.check_for_errors()
            self._write_manifests()
        except Exception as error:
            raise self._failed(error) from error

    def close(self) -> None:
        self._manager.close()

    def restore_newest(self, like: Any, upgrade: Upgrade = lambda saved, wanted: saved) -> Any | None:
        """Returns the newest intact checkpoint as host arrays in the structure of `like`, or None if there is none.

        Arrays are matched by their names in the tree, so empty nodes in `like` do not matter.

        upgrade: (saved arrays by name, names in `like`) -> arrays by those names, for checkpoints of an older version.

        Damaged checkpoints are moved to the folder `damaged` next to this one, with a warning. Raises UserError, and
        changes nothing, if the newest checkpoint is intact but does not have the arrays and shapes of `like`.
        """
        for step in reversed(self.steps()):
            whole = False
            try:
                whole = self._verify(step)
                saved = _by_name(self._manager.restore(step, args=ocp.args.StandardRestore()))
                return _in_structure(upgrade(saved, tuple(_by_name(like))), like)
            except Exception as error:  # Orbax raises various errors for damaged files
                reason = str(error).partition("\n")[0][:200]
                if whole:
                    raise UserError(
                        f"checkpoint {step} in {self._folder} is whole, but not of this game ({reason}): "
                        "another experiment or version wrote it"
                    ) from error
                _log.warning("checkpoint %d is damaged (%s); falling back to the one before", step, reason)
                self._set_aside(step)
        return None

    def _set_aside(self, step: int) -> None:
        aside = self._folder.parent / "damaged" / str(step)
        shutil.rmtree(aside, ignore_errors=True)
        aside.parent.mkdir(exist_ok=True)
        shutil.move(self._folder / str(step), aside)
        self._manager.reload()

    def _write_manifests(self) -> None:
        """Writes a manifest with the size and checksum of every file, for committed checkpoints that have none yet.

        Orbax calls it in the background before it commits a checkpoint. `wait` calls it when all are committed.
        """
        for step in self.steps():
            folder = self._folder / str(step)
            try:
                if folder.is_dir() and not (folder / _MANIFEST).exists():
                    text = json.dumps({str(p.relative_to(folder)): _checksum(p) for p in _files(folder)}).encode()
                    write_aside(folder / _MANIFEST, lambda file, text=text: file.write(text))
            except FileNotFoundError:  # Orbax has just deleted this checkpoint
                continue

    def _verify(self, step: int) -> bool:
        """Compares the checkpoint with its manifest. Returns False if it has none. Raises ValueError if it differs."""
        # TensorStore detects most damage itself, but reports it as hundreds of tracebacks from its threads.
        folder = self._folder / str(step)
        manifest = folder / _MANIFEST
        if not manifest.exists():  # the run was killed between the commit and the manifest
            return False
        for name, checksum in json.loads(manifest.read_bytes()).items():
            path = folder / name
            if not path.exists():
                raise ValueError(f"{name} is missing")
            if _checksum(path) != checksum:
                raise ValueError(f"{name} has changed or was cut short")
        return True

    def _failed(self, error: Exception) -> UserError:
        reason = next((str(e) for e in _causes(error) if isinstance(e, OSError)), str(error)).partition("\n")[0]
        return UserError(f"cannot write a checkpoint to {self._folder}: {reason}")


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


def _by_name(tree: Any) -> dict[Name, Any]:
    """Returns the leaves of a tree by their names, such as ("params", "generator", "Conv_0", "kernel")."""

    def name(entry: Any) -> str:
        for attribute in ("key", "name", "idx"):
            if hasattr(entry, attribute):
                return str(getattr(entry, attribute))
        raise TypeError(f"no name for {entry!r}")

    return {tuple(map(name, path)): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}


def _in_structure(saved: dict[Name, Any], like: Any) -> Any:
    """Returns the arrays in the structure of `like`. Raises ValueError if names or shapes differ."""
    wanted = _by_name(like)
    for name in [*wanted, *saved]:
        if name not in saved:
            raise ValueError(f"it has no {'/'.join(name)}")
        if name not in wanted:
            raise ValueError(f"it has {'/'.join(name)}, which the game does not")
        if saved[name].shape != wanted[name].shape:
            raise ValueError(f"{'/'.join(name)} has the shape {saved[name].shape}, not {wanted[name].shape}")
    arrays = [np.asarray(saved[name], wanted[name].dtype) for name in wanted]
    return jax.tree.unflatten(jax.tree.structure(like), arrays)


def _is_key(x: Any) -> bool:
    return jnp.issubdtype(x.dtype, jax.dtypes.prng_key)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != _MANIFEST)


def _checksum(path: Path) -> list[int]:
    data = path.read_bytes()
    return [len(data), zlib.crc32(data)]


def _causes(error: BaseException | None):
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
