"""A sweep: one compiled program trains all members at once.

The folder contains config.json, experiment.py, metrics.jsonl (with a line for each member), joint checkpoints of all
members, and at the end the results that `results` writes.
"""

import dataclasses
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from rich.console import Console

from gan_jax.common.errors import UsageError, UserError
from gan_jax.data import Dataset, hide_labels, limit_training, load
from gan_jax.game import Game, State, Values, init_population, population_step, stack_keys, stack_values
from gan_jax.sweeps.members import Member, Varied, plan
from gan_jax.sweeps.recorder import MemberRecorder
from gan_jax.sweeps.results import RESULTS, write_results
from gan_jax.training import Settings, run_folder
from gan_jax.training.batches import device_data, feed_members
from gan_jax.training.checkpoints import Checkpoints, to_device, to_host
from gan_jax.training.experiment import Experiment
from gan_jax.training.held_out import make_population_measure
from gan_jax.training.loop import BoundProgram, Callbacks, saving_callbacks, train_loop
from gan_jax.training.placement import gather_members, shard_members
from gan_jax.training.program import make_population_program, program_options, run_once
from gan_jax.training.recorder import Display, MetricsFile
from gan_jax.training.settings import check


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
    _check_devices(members)
    folder = settings.workdir or Path("runs") / f"{experiment.name}_sweep"
    described = {"seeds": seeds, "vary": {name: list(values) for name, values in varied.items()}}
    resuming = run_folder.check_same(folder, experiment, settings, described)
    if resuming and (folder / RESULTS).exists():
        console.print(f"{folder} is complete: its {len(members)} members have trained for their {settings.steps} steps")
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
        run_folder.create(folder, experiment, settings, data.info, described)
    checkpoints = Checkpoints(folder / "checkpoints")
    try:
        saved = run_folder.restore_newest(checkpoints, folder, abstract)
        state = run_once(population.init) if saved is None else to_device(saved, abstract)
        last = to_host(state)
        if last.step[0] < settings.steps:
            last = _train(population, folder, state, checkpoints, console)
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
            f"a sweep runs in one process, on all its devices, and this is one of {jax.process_count()} processes: "
            "start it once, or start sweeps of other seeds (--seed) in other folders"
        )
    if len(members) % jax.local_device_count():
        raise UsageError(
            f"{len(members)} members, the seeds times the combinations of values, cannot be spread evenly over "
            f"{jax.local_device_count()} devices"
        )


class _Population:
    """The hyperparameters and keys of all members, and the game as a function of one member's hyperparameters."""

    def __init__(self, experiment: Experiment, settings: Settings, data: Dataset, members: list[Member]):
        self.experiment, self.settings, self.data, self.members = experiment, settings, data, members
        changes = [member.changes for member in members]
        # The values include the seed, in case the experiment reads it.
        self.values: Values = {name: stack_values([change[name] for change in changes]) for name in changes[0]}
        self.keys = stack_keys([member.seed for member in members])

    def build(self, values: Values) -> Game:
        changed: Any = values  # traced arrays instead of numbers
        return self.experiment.build(dataclasses.replace(self.settings, **changed), self.data.info)

    def init(self) -> State:
        return init_population(self.build, self.values, self.keys)

    def check(self) -> State:
        """Returns the shapes of the state. Raises UsageError for values that are invalid or cannot vary."""
        combinations = {tuple(member.values.items()): member for member in self.members}.values()
        # The games are built with plain numbers first, since recipes can check those.
        games = [
            run_folder.build(self.experiment, member.apply_to(self.settings), self.data.info)[0]
            for member in combinations
        ]
        self.game = games[0]
        try:
            return self._trace(self.values)
        except jax.errors.JAXTypeError as error:
            guilty = [name for name, values in self.values.items() if self._breaks({name: values})] or [*self.values]
            reason = str(error).partition("\n")[0]
            raise UsageError(
                f"{self.experiment.path.name} cannot be trained for all values of {', '.join(guilty)} at once: it "
                f"uses the value in Python ({reason}). Use jnp.where or jax.lax.cond in the experiment, or train "
                "one run after the other"
            ) from error

    def _breaks(self, values: Values) -> bool:
        try:
            self._trace(values)
        except jax.errors.JAXTypeError:
            return True
        return False

    def _trace(self, values: Values) -> State:
        count, examples = len(self.members), self.settings.batch_size * self.game.batches_per_step
        shape = (count, examples)
        batch = {"image": jax.ShapeDtypeStruct((*shape, *self.data.example_shape), jnp.float32)}
        if self.data.info.target_shape is not None:
            batch["target"] = jax.ShapeDtypeStruct((*shape, *self.data.info.target_shape), jnp.float32)
        if self.data.train.labels is not None:
            batch["label"] = jax.ShapeDtypeStruct(shape, self.data.train.labels.dtype)
        state = jax.eval_shape(partial(init_population, self.build), values, self.keys)
        jax.eval_shape(partial(population_step, self.build), values, state, batch)
        return state


def _train(population: _Population, folder: Path, state: State, checkpoints: Checkpoints, console: Console) -> State:
    """Trains from `state` to the end or until a signal. Returns the last state, on the host."""
    settings, members, data, game = population.settings, population.members, population.data, population.game
    devices, start = jax.local_device_count(), int(state.step[0])
    options = program_options(settings, data.train, devices)
    batches = feed_members(
        data.train,
        seeds=[member.seed for member in members],
        batch_size=settings.batch_size,
        batches_per_step=game.batches_per_step,
        steps_per_call=options["steps_per_call"],
        devices=devices,
    )
    log = MetricsFile(folder, start)
    recorder = MemberRecorder(
        log,
        Display(console, settings.steps, start),
        members,
        console,
        start=start,
        every=settings.log_every,
        examples=settings.batch_size * game.batches_per_step * len(members),
        fetch=lambda metrics: [gather_members(call, devices, axis=1) for call in jax.device_get(metrics)],
    )

    def on_host(state: State) -> State:
        return gather_members(to_host(state), devices)

    console.print(f"{len(members)} members: {members[0].name} to {members[-1].name}")
    values = shard_members(population.values, devices)
    measure = None
    if game.measures:
        measure = make_population_measure(population.build, values, data.test, settings.batch_size, devices)
    program = BoundProgram(
        make_population_program(population.build, **options),
        (values, device_data(data.train, devices)),
        batches,
        options["steps_per_call"],
    )
    callbacks = Callbacks(
        measure=measure, draw=lambda state: None, close=log.close, **saving_callbacks(log, checkpoints, on_host)
    )
    state = train_loop(program, recorder, callbacks, shard_members(state, devices), start, settings, folder, console)
    return on_host(state)
