"""Writing of a run's checkpoints with Orbax, in the background, and resuming from the newest one that is intact."""

import json
import logging
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import jax
import orbax.checkpoint as ocp

from gan_jax.common.errors import UserError
from gan_jax.common.files import write_aside
from gan_jax.training import saved_state
from gan_jax.training.saved_state import MANIFEST, DamagedError, Upgrade, as_it_is

_log = logging.getLogger(__name__)


class Checkpoints:
    """The newest `keep` checkpoints in a folder, for the one process that writes there.

    All processes of a run have the same state, so only one of them needs to save it.
    """

    def __init__(self, folder: Path, keep: int):
        self._folder, self._keep = folder.absolute(), keep
        self._manager: ocp.CheckpointManager | None = None

    def _opened(self) -> ocp.CheckpointManager:
        """Returns Orbax's manager. It is made, and the folder with it, before the first checkpoint is saved."""
        if self._manager is None:
            options = ocp.CheckpointManagerOptions(
                max_to_keep=self._keep,
                enable_async_checkpointing=True,
                multiprocessing_options=saved_state.one_process(),
                async_options=ocp.options.AsyncOptions(post_finalization_callback=self._write_manifests),
                create=jax.process_count() == 1,
            )
            self._folder.mkdir(parents=True, exist_ok=True)
            self._manager = ocp.CheckpointManager(self._folder, options=options)
        return self._manager

    def save(self, step: int, state: Any) -> None:
        """Starts to write `state`, a pytree of host arrays that must not change afterwards."""
        try:
            self._opened().save(step, args=ocp.args.StandardSave(state))
        except Exception as error:  # Orbax and TensorStore raise many types, also for the previous write
            raise self._failed(error) from error

    def wait(self) -> None:
        """Waits until all checkpoints are on disk. Raises UserError if one could not be written."""
        if self._manager is None:
            return
        try:
            self._manager.wait_until_finished()
            self._manager.check_for_errors()
            self._write_manifests()
        except Exception as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Ends the writing. `wait` comes before: errors since then are of a run that has failed already."""
        if self._manager is not None:
            with suppress(Exception):
                self._manager.close()

    def restore_newest(self, like: Any, upgrade: Upgrade = as_it_is) -> Any | None:
        """Returns the newest intact checkpoint in the structure of `like`, or None if there is no checkpoint.

        See `saved_state.restore`. Damaged checkpoints that are newer are moved to the folder `damaged` next to this
        one, with a warning. Raises UserError, and changes nothing, if none is intact, or if the newest checkpoint is
        intact but not of this game.
        """
        damaged: dict[int, str] = {}
        for step in reversed(saved_state.steps(self._folder)):
            try:
                restored = saved_state.restore(self._folder, step, like, upgrade)
            except DamagedError as error:
                damaged[step] = str(error)
                continue
            for other, reason in damaged.items():
                _log.warning("checkpoint %d is damaged (%s); falling back to the one before", other, reason)
                self._set_aside(other)
            return restored
        if damaged:
            raise UserError(
                f"no checkpoint in {self._folder} is intact: {saved_state.describe(damaged)}. Give another --workdir, "
                "or delete this folder to train from the start"
            )
        return None

    def _set_aside(self, step: int) -> None:
        aside = self._folder.parent / "damaged" / str(step)
        shutil.rmtree(aside, ignore_errors=True)
        aside.parent.mkdir(exist_ok=True)
        shutil.move(self._folder / str(step), aside)

    def _write_manifests(self) -> None:
        """Writes a manifest with the size and checksum of every file, for committed checkpoints that have none yet.

        Orbax calls it in the background before it commits a checkpoint. `wait` calls it when all are committed.
        """
        for step in saved_state.steps(self._folder):
            folder = self._folder / str(step)
            try:
                if folder.is_dir() and not (folder / MANIFEST).exists():
                    sums = {str(p.relative_to(folder)): saved_state.checksum(p) for p in _files(folder)}
                    text = json.dumps(sums).encode()
                    write_aside(folder / MANIFEST, lambda file, text=text: file.write(text))
            except FileNotFoundError:  # Orbax has just deleted this checkpoint
                continue

    def _failed(self, error: Exception) -> UserError:
        reason = next((str(e) for e in _causes(error) if isinstance(e, OSError)), str(error)).partition("\n")[0]
        return UserError(f"cannot write a checkpoint to {self._folder}: {reason}")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)


def _causes(error: BaseException | None):
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
