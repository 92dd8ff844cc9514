"""The start of a run: from its newest checkpoint, from the networks of another run, or from new networks."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
from rich.console import Console

from gan_jax.common.errors import UsageError
from gan_jax.game import Game, State, init_state
from gan_jax.training import config_file, run_folder, same_run
from gan_jax.training.checkpoints import Checkpoints
from gan_jax.training.experiment import Experiment
from gan_jax.training.overview import describe_changes, schedule_depends_on_steps
from gan_jax.training.program import run_once
from gan_jax.training.saved_state import host_like, to_device, to_host
from gan_jax.training.settings import Settings
from gan_jax.training.transfer import start_from


@dataclass(frozen=True)
class Start:
    """The start of a run: from its newest checkpoint, from another run, or from new networks.

    description: what config.json says of the data.
    """

    experiment: Experiment
    settings: Settings
    folder: Path
    description: dict[str, Any]
    console: Console
    game: Game
    abstract: State

    def state(self, config: dict[str, Any] | None, checkpoints: Checkpoints | None) -> State:
        """Returns the state to go on with. config: the config.json of the run, or None for a new one.

        checkpoints: those of the run, in the process that writes its folder.
        """
        saved = self._saved(config, checkpoints) if checkpoints else None
        if jax.process_count() > 1:
            saved = _broadcast_restored(saved, host_like(self.abstract))
        return self._new() if saved is None else to_device(saved, self.abstract)

    def _new(self) -> State:
        return run_once(lambda: init_state(self.game, jax.random.key(self.settings.seed)))

    def _saved(self, config: dict[str, Any] | None, checkpoints: Checkpoints) -> State | None:
        """Returns the state to go on with on the host, or None for that of new networks. Writes config.json."""
        saved = run_folder.restore_newest(checkpoints, config, self.abstract) if config else None
        if saved is not None and saved.step > self.settings.steps:
            raise UsageError(
                f"{self.folder} has trained for {saved.step} steps, more than --steps {self.settings.steps}"
            )
        if config:
            self._go_on(config, int(saved.step) if saved is not None else 0)
        if saved is not None:
            return saved
        if config:
            self.console.print(f"{self.folder} holds no checkpoint: it trains from the start")
        if self.settings.init_from is None:
            if not config:
                self._create()
            return None
        initial, taken = start_from(
            self.settings.init_from,
            to_host(self._new()),
            self.settings.init_players,
            self.settings.init_optimizers,
        )
        for line in taken.lines(self.settings.init_from):
            self.console.print(line)
        if not config:
            self._create(start_from=str(self.settings.init_from), start_from_step=taken.step, left=taken.left)
        # It is saved at once, so that the run does not depend on the other one any more.
        checkpoints.save(0, initial)
        checkpoints.wait()
        return initial

    def _create(self, **start: Any) -> None:
        run_folder.create(self.folder, self.experiment, self.settings, self.description, start=start)

    def _go_on(self, config: dict[str, Any], step: int) -> None:
        """Brings config.json up to date, and says what has changed since the run began."""
        changed = same_run.record_changes(self.folder, config, self.experiment, self.settings, self.description, step)
        for line in describe_changes(changed, step):
            self.console.print(line)
        if step and "steps" in changed:
            before, info = changed["steps"][0], config_file.data_from_json(self.description)
            if schedule_depends_on_steps(self.experiment, self.settings, before, info):
                self.console.print(
                    f"the experiment's optimizers depend on --steps: from step {step} on, they are those of a run of "
                    f"{self.settings.steps} steps, not of {before}"
                )


def _broadcast_restored(saved: Any | None, like: Any) -> Any | None:
    """Returns on every process the state that the writing process has restored, or None."""
    from jax.experimental.multihost_utils import broadcast_one_to_all

    if not broadcast_one_to_all(np.int32(saved is not None)):
        return None
    if saved is None:
        saved = jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), like)
    return broadcast_one_to_all(saved)
