"""gan-jax train: trains an experiment, or resumes a run."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gan_jax.commands.shared import parse_experiment, start_jax
from gan_jax.common.errors import UsageError

if TYPE_CHECKING:
    from gan_jax.training import Settings
    from gan_jax.training.experiment import Experiment


def train_command(arguments: list[str]) -> None:
    """Runs `gan-jax train EXPERIMENT.py [flags]`, where the flags are the fields of the experiment's Config.

    Or `gan-jax train RUN`, which resumes the run in a folder with the code and the settings that it keeps.
    """
    if arguments and Path(arguments[0]).is_dir():
        experiment, settings = _kept(Path(arguments[0]), arguments[1:])
    else:
        experiment, settings = parse_experiment("train", arguments, lambda config: config)
    console = start_jax()

    from gan_jax.training.train import train

    train(experiment, settings, console)


def _kept(folder: Path, flags: list[str]) -> "tuple[Experiment, Settings]":
    """The experiment and the settings that a run folder keeps."""
    from gan_jax.training.run_folder import load_run

    if flags:
        raise UsageError(f"a run is resumed with its own settings: gan-jax train {folder} takes no flags")
    run = load_run(folder)
    return run.experiment, replace(run.settings, workdir=folder)
