"""A population: the members of a sweep that one compiled program trains at once.

Its folder contains metrics.jsonl, with a line for each member, and joint checkpoints of all members.
"""

import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from rich.console import Console

from gan_jax.common.errors import UsageError
from gan_jax.data import Dataset
from gan_jax.game import Game, State, Values, init_population, population_step, stack_keys, stack_values
from gan_jax.sweeps.members import Member
from gan_jax.sweeps.recorder import NEEDS, MemberRecorder
from gan_jax.training import Settings, run_folder
from gan_jax.training.batches import device_data, feed_members
from gan_jax.training.checkpoints import Checkpoints
from gan_jax.training.experiment import Experiment
from gan_jax.training.held_out import make_population_measure
from gan_jax.training.loop import BoundProgram, Callbacks, saving_callbacks, train_loop
from gan_jax.training.metrics_file import MetricsFile, read_rows
from gan_jax.training.placement import gather_members, shard_members
from gan_jax.training.program import make_population_program, program_options, run_once
from gan_jax.training.recorder import Display
from gan_jax.training.saved_state import to_device, to_host


class Population:
    """The hyperparameters and keys of all members, and the game as a function of one member's hyperparameters.

    settings: those that all members share, with the values that the program is compiled for.
    data: what the members train on.
    """

    def __init__(self, experiment: Experiment, settings: Settings, data: Dataset, members: list[Member]):
        self.experiment, self.settings, self.data, self.members = experiment, settings, data, members
        traced = [member.traced for member in members]
        # The values include the seed, in case the experiment reads it.
        self.values: Values = {name: stack_values([values[name] for values in traced]) for name in traced[0]}
        self.keys = stack_keys([member.seed for member in members])

    def build(self, values: Values) -> Game:
        changed: Any = values  # traced arrays instead of numbers
        return run_folder.build_game(self.experiment, dataclasses.replace(self.settings, **changed), self.data.info)

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
        run_folder.check_labels(self.experiment, self.settings, self.game)
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


def train_population(
    population: Population, abstract: State, folder: Path, config: dict[str, Any] | None, console: Console
) -> State:
    """Trains a population, or resumes its training, to the end or until a signal. Returns the last state, on the host.

    abstract: the shapes of the state, from `Population.check`.
    config: the config.json of the sweep if it is resumed, or None for a new one.

    Raises:
      UserError: every member has failed, or a checkpoint cannot be written.
      KeyboardInterrupt: SIGINT was received. The state has been saved.
    """
    checkpoints = Checkpoints(folder / run_folder.CHECKPOINTS, population.settings.keep)
    try:
        saved = run_folder.restore_newest(checkpoints, config, abstract) if config else None
        state = run_once(population.init) if saved is None else to_device(saved, abstract)
        last = to_host(state)
        if last.step[0] < population.settings.steps:
            last = _train(population, folder, state, checkpoints, console)
        return last
    finally:
        checkpoints.close()


def every_member_failed(folder: Path, members: Sequence[Member]) -> bool:
    """Whether the metrics.jsonl of a population says that the loss of every member became not finite."""
    failed = {row["member"] for row in read_rows(folder / "metrics.jsonl", NEEDS) if "failed" in row}
    return len(failed) == len(members)


def _train(population: Population, folder: Path, state: State, checkpoints: Checkpoints, console: Console) -> State:
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
    log = MetricsFile(folder, start, NEEDS)
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
        measure=measure, draw=lambda state: {}, close=log.close, **saving_callbacks(log, checkpoints, on_host)
    )
    state = train_loop(program, recorder, callbacks, shard_members(state, devices), start, settings, folder, console)
    return on_host(state)
