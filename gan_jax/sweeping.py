"""A sweep: one compiled program trains all members at once.

The folder holds config.json, experiment.py, metrics.jsonl (a line for each member), the checkpoints of all members
together, and at the end what `sweep_results` makes of them.
"""

import dataclasses
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from rich.console import Console

from gan_jax import runs
from gan_jax.checkpoints import Checkpoints, host_like, to_device, to_host
from gan_jax.data import Dataset, hide_labels, limit_training, load
from gan_jax.errors import UsageError, UserError
from gan_jax.experiment import Experiment
from gan_jax.feeding import feed_members, resident
from gan_jax.game import Game, State
from gan_jax.loop import Parts, play
from gan_jax.measuring import make_population_measure
from gan_jax.member_records import MemberRecorder
from gan_jax.members import Member, Varied, plan
from gan_jax.populations import Values, init_population, population_step, stack_keys, stack_values
from gan_jax.records import Display, MetricsFile
from gan_jax.settings import Settings, check
from gan_jax.stepping import (
    Augment,
    choose_steps_per_dispatch,
    gather_members,
    make_population_play,
    run_once,
    spread_members,
)
from gan_jax.sweep_results import RESULTS, write_results


def sweep(experiment: Experiment, settings: Settings, seeds: int, varied: Varied, console: Console) -> Path:
    """Trains, or goes on training, all members, compares them, and returns the sweep's folder.

    The members are every combination of the `varied` values with so many seeds from `settings.seed` on. Each plays the
    run that `train` would play with its settings. One whose loss is not finite has failed, and the others go on.
    SIGTERM and SIGINT save a checkpoint and end the sweep early; the same call then resumes it exactly.

    Raises:
      UsageError: settings or data that cannot be used, or a folder that holds something else.
      UserError: every member has failed, or a disk that cannot be written.
      KeyboardInterrupt: after SIGINT, when all is saved.
    """
    check(settings)
    members = plan(settings, seeds, varied)
    _check_devices(members)
    folder = settings.workdir or Path("runs") / f"{experiment.name}_sweep"
    described = {"seeds": seeds, "vary": {name: list(values) for name, values in varied.items()}}
    resuming = runs.check_same(folder, experiment, settings, described)
    if resuming and (folder / RESULTS).exists():
        console.print(f"{folder} is complete: its {len(members)} members have played their {settings.steps} steps")
        return folder
    data = load(settings.dataset, resolution=settings.resolution, data_dir=settings.data_dir)
    if not data.train.in_memory:
        raise UsageError(
            f"{settings.dataset} at resolution {settings.resolution} does not fit in memory, and a sweep takes its "
            "batches from memory: choose a smaller resolution, or train one run after the other"
        )
    seen = hide_labels(limit_training(data, settings.examples), settings.labels_per_class)
    population = _Population(experiment, settings, seen, members)
    abstract = population.check()

    if not resuming:
        runs.create(folder, experiment, settings, data.info, described)
    checkpoints = Checkpoints(folder / "checkpoints")
    try:
        saved = checkpoints.restore_newest(host_like(abstract))
        state = run_once(population.init) if saved is None else to_device(saved, abstract)
        last = to_host(state)
        if last.step[0] < settings.steps:
            last = _play(population, folder, state, checkpoints, console)
        if last.step[0] == settings.steps:
            write_results(folder, experiment, settings, data, members, last, console)
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {error.strerror or error}") from error
    finally:
        checkpoints.close()
    return folder


def _check_devices(members: list[Member]) -> None:
    if jax.process_count() > 1:
        raise UsageError(
            f"a sweep plays in one process, on all its devices, and this is one of {jax.process_count()}: "
            "start it once, or start sweeps of other seeds (--seed) in other folders"
        )
    if len(members) % jax.local_device_count():
        raise UsageError(
            f"{len(members)} members, the seeds times the combinations of values, cannot be spread evenly over "
            f"{jax.local_device_count()} devices"
        )


class _Population:
    """The members' hyperparameters and keys, and the game as a function of one member's."""

    def __init__(self, experiment: Experiment, settings: Settings, data: Dataset, members: list[Member]):
        self.experiment, self.settings, self.data, self.members = experiment, settings, data, members
        changes = [member.changes for member in members]
        # With the seed, in case the recipe reads it.
        self.values: Values = {name: stack_values([change[name] for change in changes]) for name in changes[0]}
        self.keys = stack_keys([member.seed for member in members])

    def build(self, values: Values) -> Game:
        changed: Any = values  # traced, in the place of numbers
        return self.experiment.build(dataclasses.replace(self.settings, **changed), self.data.info)

    def init(self) -> State:
        return init_population(self.build, self.values, self.keys)

    def check(self) -> State:
        """The shapes of the state. Raises UsageError for values that the game cannot have or cannot vary."""
        combinations = {tuple(member.values.items()): member for member in self.members}.values()
        # Built of plain numbers first, which a recipe may check.
        games = [runs.build(self.experiment, member.of(self.settings), self.data.info)[0] for member in combinations]
        self.game = games[0]
        try:
            return self._trace(self.values)
        except jax.errors.JAXTypeError as error:
            guilty = [name for name, values in self.values.items() if self._breaks({name: values})] or [*self.values]
            reason = str(error).partition("\n")[0]
            raise UsageError(
                f"{self.experiment.path.name} cannot be trained for all values of {', '.join(guilty)} at once: it "
                f"looks at the value in Python ({reason}). Use jnp.where or jax.lax.cond in the experiment, or train "
                "one run after the other"
            ) from error

    def _breaks(self, values: Values) -> bool:
        try:
            self._trace(values)
        except jax.errors.JAXTypeError:
            return True
        return False

    def _trace(self, values: Values) -> State:
        count, examples = len(self.members), self.settings.batch_size * self.game.parts
        shape = (count, examples)
        batch = {"image": jax.ShapeDtypeStruct((*shape, *self.data.example_shape), jnp.float32)}
        if self.data.info.target_shape is not None:
            batch["target"] = jax.ShapeDtypeStruct((*shape, *self.data.info.target_shape), jnp.float32)
        if self.data.train.labels is not None:
            batch["label"] = jax.ShapeDtypeStruct(shape, self.data.train.labels.dtype)
        state = jax.eval_shape(partial(init_population, self.build), values, self.keys)
        jax.eval_shape(partial(population_step, self.build), values, state, batch)
        return state


def _play(population: _Population, folder: Path, state: State, checkpoints: Checkpoints, console: Console) -> State:
    """Plays on from `state`, to the end or until a signal; returns the last state, on the host."""
    settings, members, data, game = population.settings, population.members, population.data, population.game
    devices, start = jax.local_device_count(), int(state.step[0])
    chunk = settings.steps_per_dispatch or choose_steps_per_dispatch()
    program = make_population_play(
        population.build,
        chunk=chunk,
        devices=devices,
        augment=Augment(settings.flip, settings.jitter, data.train.paired),
        precision=settings.precision,
        remat=settings.remat,
    )
    items = feed_members(
        data.train,
        seeds=[member.seed for member in members],
        batch_size=settings.batch_size,
        parts=game.parts,
        chunk=chunk,
        devices=devices,
    )
    log = MetricsFile(folder, start)
    display = Display(console, settings.steps, start)
    recorder = MemberRecorder(
        log,
        display,
        members,
        console,
        start=start,
        every=settings.log_every,
        examples=settings.batch_size * game.parts * len(members),
        fetch=lambda metrics: [gather_members(call, devices, axis=1) for call in jax.device_get(metrics)],
    )

    def save(step: int, state: State) -> None:
        log.flush()
        checkpoints.save(step, gather_members(to_host(state), devices))

    console.print(f"{len(members)} members: {members[0].name} to {members[-1].name}")
    values = spread_members(population.values, devices)
    measure = None
    if game.measures:
        measure = make_population_measure(population.build, values, data.test, settings.batch_size, devices)
    parts = Parts(
        program=program,
        chunk=chunk,
        resident=(values, resident(data.train, devices)),
        items=items,
        recorder=recorder,
        display=display,
        measure=measure,
        draw=lambda state: None,
        save=save,
        wait=checkpoints.wait,
        close=log.close,
    )
    state = play(parts, spread_members(state, devices), start, settings, folder, console)
    return gather_members(to_host(state), devices)
