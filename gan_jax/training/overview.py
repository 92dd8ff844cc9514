"""What `gan-jax train` says at its start: what it has loaded and built, and what has changed since the run began."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np

from gan_jax.data import DataInfo, Dataset
from gan_jax.game import Game, State, init_state
from gan_jax.training.experiment import Experiment
from gan_jax.training.run_folder import build_game
from gan_jax.training.settings import Settings

_UNITS = ((2**30, "GB"), (2**20, "MB"), (2**10, "kB"))


def describe_start(
    folder: Path, experiment: Experiment, settings: Settings, data: Dataset, abstract: State
) -> list[str]:
    """Returns the lines about the data, the networks, the devices, and how to resume.

    abstract: the shapes of the state.
    """
    networks = ", ".join(f"{name} {_parameters(params):,}" for name, params in abstract.params.items())
    return [
        f"data: {settings.dataset}, {_data(data)}",
        f"parameters: {networks}",
        f"devices: {_devices()}, {settings.precision}; {_memory(data, abstract)}",
        f"{experiment.name}: {settings.steps:,} steps of {settings.batch_size} examples, in {folder}",
        f"Ctrl-C saves and stops; gan-jax train {folder} goes on",
    ]


def describe_changes(changed: Mapping[str, tuple[Any, Any]], step: int) -> list[str]:
    """Returns a line for each thing that has changed since the run began: `same_run.record_changes` returns these."""
    lines = [f"changed from step {step} on: {name}: {before} -> {now}" for name, (before, now) in changed.items()]
    if "devices" in changed:
        lines.append(
            "on another number of devices, sums are rounded in another order: the run goes on as well as before, but "
            "not to the bit"
        )
    if {"jax", "jaxlib"} & changed.keys():
        lines.append("another version of JAX may round otherwise: the run may not go on to the bit")
    return lines


def schedule_depends_on_steps(experiment: Experiment, settings: Settings, steps: int, info: DataInfo) -> bool:
    """Whether a player's optimizer would be another one if the run had `steps` steps in all."""
    return _optimizers(experiment, settings, info) != _optimizers(experiment, replace(settings, steps=steps), info)


def _optimizers(experiment: Experiment, settings: Settings, info: DataInfo) -> list[str]:
    """Returns the programs of the players' optimizers as text."""
    game: Game = build_game(experiment, settings, info)
    state = jax.eval_shape(lambda: init_state(game, jax.random.key(0)))
    programs = [
        str(jax.make_jaxpr(player.optimizer.update)(params, state.opt_state[player.name], params))
        for player in game.players
        for params in [state.params[player.name]]
    ]
    return [re.sub(r"0x[0-9a-f]+", "", program) for program in programs]  # addresses of functions differ


def _data(data: Dataset) -> str:
    shape = data.example_shape
    what = data.info.kind if len(shape) == 1 else f"{data.info.kind} of {_shape(shape)}"
    parts = [f"{len(data.train):,} training and {len(data.test):,} held-out {what}"]
    if data.train.targets is not None:
        pairing = "with targets" if data.train.paired else f"and {len(data.train.targets):,} unpaired targets"
        parts.append(f"{pairing} of {_shape(data.train.targets.shape[1:])}")
    if data.classes:
        parts.append(f"{len(data.classes)} classes")
    if not data.train.in_memory:
        parts.append("decoded while training")
    return ", ".join(parts)


def _shape(shape: tuple[int, ...]) -> str:
    *sides, channels = shape
    if len(sides) == 1:
        return f"up to {sides[0]} characters, of which there are {channels}"
    size = "x".join(map(str, sides))
    if len(sides) == 3:
        return size
    colours = {1: "gray", 3: "colour"}.get(channels, f"{channels} channels")
    return f"{size}, {colours}"


def _parameters(params: Any) -> int:
    return sum(int(np.prod(x.shape)) for x in jax.tree.leaves(params))


def _devices() -> str:
    devices, processes = jax.devices(), jax.process_count()
    kind = devices[0].device_kind
    among = f" in {processes} processes" if processes > 1 else ""
    return f"{len(devices)} x {kind}{among}"


def _memory(data: Dataset, abstract: State) -> str:
    """The memory that is known before the program is compiled: what stays on a device between the steps."""
    state = sum(x.size * x.dtype.itemsize for x in jax.tree.leaves(abstract))
    sides = (data.train.images, data.train.targets) if data.train.in_memory else ()
    examples = sum(np.asarray(side).nbytes for side in sides if side is not None)
    stats = jax.local_devices()[0].memory_stats() or {}
    limit = f" of {_bytes(stats['bytes_limit'])}" if "bytes_limit" in stats else ""
    return f"state {_bytes(state)} and data {_bytes(examples)} on each device{limit}"


def _bytes(count: int) -> str:
    for size, unit in _UNITS:
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes"
