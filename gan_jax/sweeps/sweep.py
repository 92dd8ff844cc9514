"""A sweep: it trains all members, and compares them.

One compiled program trains all members at once, if they differ only in their seeds and in settings of type float. Other
settings change the program. Then there is a population for each combination of their values, and the sweep trains one
population after the other.

The folder contains config.json, experiment.py and, at the end, the results that `results` writes. It is also the folder
of the population. If there are several, each has its own, in populations/.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
from rich.console import Console

from gan_jax.common.errors import UsageError, UserError
from gan_jax.data import Dataset, hide_labels, limit_training, load
from gan_jax.game import State
from gan_jax.sweeps.members import Member, Varied, folder_name, plan, populations
from gan_jax.sweeps.population import Population, every_member_failed, train_population
from gan_jax.sweeps.results import Result, write_comparison, write_members
from gan_jax.training import Settings, run_folder, same_run
from gan_jax.training.experiment import Experiment
from gan_jax.training.lock import writing
from gan_jax.training.settings import check
from gan_jax.training.summary import POPULATIONS, RESULTS


def sweep(experiment: Experiment, settings: Settings, seeds: int, varied: Varied, console: Console) -> Path:
    """Trains all members, or resumes their training, and compares them. Returns the folder of the sweep.

    The members are every combination of the `varied` values with the `seeds` seeds from `settings.seed` on. Each is the
    same run that `train` would make with its settings. A member whose loss is not finite has failed, and the others
    continue. SIGTERM and SIGINT save a checkpoint and end the sweep early. The same call then resumes it exactly.

    Raises:
      UsageError: the settings or the data are unusable, or the folder holds something else.
      UserError: every member has failed, or the folder cannot be written.
      KeyboardInterrupt: SIGINT was received. The state has been saved.
    """
    check(settings)
    members = plan(settings, seeds, varied)
    for part in populations(members):
        check(_shared(settings, part))
        _check_devices(part)
    for name in ("init_from", "track", "evaluate_every"):
        if getattr(settings, name):
            raise UsageError(f"--{name.replace('_', '-')}: a sweep cannot do this; gan-jax train can, for each run")
    folder = settings.workdir or Path("runs") / f"{experiment.name}_sweep"
    described = {"seeds": seeds, "vary": {name: list(values) for name, values in varied.items()}}
    with writing(folder):
        try:
            return _sweep_in(folder, experiment, settings, members, described, console)
        except OSError as error:
            raise UserError(f"cannot write to {folder}: {error.strerror or error}") from error


def _sweep_in(
    folder: Path,
    experiment: Experiment,
    settings: Settings,
    members: Sequence[Member],
    described: dict[str, Any],
    console: Console,
) -> Path:
    """`sweep` in a folder that no other process writes. described: the settings that the sweep varies."""
    config = same_run.check_same(folder, experiment, settings, described)
    if config and (folder / RESULTS).exists():
        console.print(f"{folder} is complete: its {len(members)} members have trained for their {settings.steps} steps")
        return folder
    data = load(settings.dataset, resolution=settings.resolution, data_dir=settings.data_dir)
    if not data.train.in_memory:
        raise UsageError(
            f"{settings.dataset} at resolution {settings.resolution} does not fit in memory, and a sweep takes its "
            "batches from memory: choose a smaller resolution, or train one run after the other"
        )
    # All are checked before anything is written or trained.
    parts = [_population(experiment, settings, data, part) for part in populations(members)]
    shapes = [part.check() for part in parts]
    description = run_folder.describe_data(data)
    if config:
        same_run.check_data(folder, config, description["fingerprint"])
    else:
        run_folder.create(folder, experiment, settings, description, described)

    results: dict[str, Result] = {}
    for number, (part, abstract) in enumerate(zip(parts, shapes, strict=True), 1):
        place = folder
        if len(parts) > 1:
            place = folder / POPULATIONS / folder_name(part.members[0].compiled)
            console.print(f"population {number} of {len(parts)}: {place.name}")
        last = _train(part, abstract, place, config, console, alone=len(parts) == 1)
        if last is not None and last.step[0] < settings.steps:  # a signal has ended it
            return folder
        results |= write_members(folder, place, experiment, settings, data, part.members, last, console)
    if all(result.outcome.failed for result in results.values()):
        reasons = [f"{name}: {result.outcome.failed}" for name, result in results.items()]
        raise UserError(f"every member has failed. {'; '.join(reasons)}")
    write_comparison(folder, [results[member.name] for member in members], console)
    return folder


def _train(
    part: Population, abstract: State, place: Path, config: dict[str, Any] | None, console: Console, alone: bool
) -> State | None:
    """Returns the last state of a population. If every member has failed, raises UserError if it is `alone`.

    Otherwise returns None then, because the other populations continue, as the other members of a population do.
    """
    if not alone and every_member_failed(place, part.members):
        return None
    try:
        return train_population(part, abstract, place, config, console)
    except UserError:
        if alone or not every_member_failed(place, part.members):
            raise
        return None


def _shared(settings: Settings, members: Sequence[Member]) -> Settings:
    """The settings that all members of a population share."""
    compiled: Any = members[0].compiled
    return dataclasses.replace(settings, **compiled)


def _population(experiment: Experiment, settings: Settings, data: Dataset, members: list[Member]) -> Population:
    shared = _shared(settings, members)
    seen = hide_labels(limit_training(data, shared.examples), shared.labels_per_class)
    return Population(experiment, shared, seen, members)


def _check_devices(members: list[Member]) -> None:
    if jax.process_count() > 1:
        raise UsageError(
            f"a sweep runs in one process, on all its devices, and this is one of {jax.process_count()} processes: "
            "start it once, or start sweeps of other seeds (--seed) in other folders"
        )
    if len(members) % jax.local_device_count():
        raise UsageError(
            f"{len(members)} members, the seeds times the combinations of values of type float, cannot be spread "
            f"evenly over {jax.local_device_count()} devices"
        )
