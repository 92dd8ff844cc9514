"""Starting a run from another one: fine-tuning, transfer to other data or classes, and growing networks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.training import saved_state
from gan_jax.training.saved_state import Name

_MOST_NAMED = 6


@dataclass(frozen=True)
class Taken:
    """What a run took from another one.

    step: of the other run's checkpoint, or None for an export.
    taken: the number of arrays that each player took.
    left: why the player's other arrays keep their initial values, by the names of the arrays.
    """

    step: int | None
    taken: dict[str, int]
    left: dict[str, dict[str, str]]

    def lines(self, source: Path) -> list[str]:
        """Returns a line for each player."""
        where = f"{source}, step {self.step}" if self.step is not None else str(source)
        return [
            f"{player}: {count} arrays from {where}"
            + (f"; not {_listed(self.left[player])}" if self.left[player] else "")
            for player, count in self.taken.items()
        ]


def start_from(source: Path, state: Any, players: Sequence[str], optimizers: bool) -> tuple[Any, Taken]:
    """Returns a new run's `state` with the networks of the run or export in the folder `source`.

    state: the initial state on the host, as `saved_state.to_host` returns it.
    players: the players to take, or none for all.
    optimizers: whether to take the optimizers' states and the memory of the game too.

    An array is taken if one of the same name and shape is there. If only one of the two runs has a moving average, the
    parameters stand for it. The step and the random key are always those of the new run.

    Raises UsageError if `source` is neither a run nor an export, and for players that do not exist or that would take
    nothing.
    """
    names = tuple(state.params)
    if unknown := [player for player in players if player not in names]:
        raise UsageError(f"--init-players {' '.join(unknown)}: the players are {', '.join(names)}")
    saved, step = _read(source)
    groups = ("params", "variables", "ema", *(("opt_state", "memory") if optimizers else ()))
    chosen = players or names
    here = saved_state.by_name(state)
    values, taken, left = dict(here), dict.fromkeys(chosen, 0), {player: {} for player in chosen}
    for name, value in here.items():
        player = _player(name, names)
        if name[0] not in groups or (player is not None and player not in chosen):
            continue
        found = _find(name, saved)
        if found is None:
            reason = "not there"
        elif found.shape != value.shape:
            reason = f"{found.shape} there and {value.shape} here"
        else:
            values[name] = np.asarray(found, value.dtype)
            if player and name[0] in ("params", "variables"):
                taken[player] += 1
            continue
        if player and name[0] in ("params", "variables"):
            left[player]["/".join(name[2:])] = reason
    if nothing := [player for player, count in taken.items() if not count]:
        raise UsageError(f"--init-from {source}: no array of {' or '.join(nothing)} has the same name and shape there")
    return jax.tree.unflatten(jax.tree.structure(state), list(values.values())), Taken(step, taken, left)


def _read(source: Path) -> tuple[dict[Name, np.ndarray], int | None]:
    """Returns the arrays of a run's newest checkpoint by name, and its step, or those of an export. No code is run."""
    if (weights := source / "model.safetensors").is_file():
        return _read_export(weights), None
    checkpoints = source / "checkpoints"
    if not checkpoints.is_dir():
        raise UsageError(f"--init-from {source}: it is neither a run, with checkpoints/, nor an export")
    step, saved = saved_state.restore_beside_a_writer(
        checkpoints, None, lambda step: (step, saved_state.read(checkpoints, step)[0])
    )
    return saved, step


def _read_export(path: Path) -> dict[Name, np.ndarray]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        arrays = load_file(path)
    except (OSError, SafetensorError) as error:
        raise UsageError(f"cannot read {path}: {error}") from error
    # An export has one set of weights for each player: generator/params/Conv_0/kernel.
    return {("ema", *name.split("/")): array for name, array in arrays.items()}


def _player(name: Name, players: Sequence[str]) -> str | None:
    """Returns the player that an array belongs to, or None for the memory of the whole game."""
    return name[1] if name[0] != "memory" and len(name) > 1 and name[1] in players else None


def _find(name: Name, saved: dict[Name, np.ndarray]) -> np.ndarray | None:
    """Returns the array that `name` has in another run, or the average or the parameter in place of the other."""
    if name in saved:
        return saved[name]
    group, player, *rest = name
    if group == "params":
        return saved.get(("ema", player, "params", *rest))
    if group == "variables":
        return saved.get(("ema", player, *rest))
    if group == "ema" and rest[:1] == ["params"]:
        return saved.get(("params", player, *rest[1:]))
    if group == "ema":
        return saved.get(("variables", player, *rest))
    return None


def _listed(reasons: dict[str, str]) -> str:
    shown = [f"{name} ({reason})" for name, reason in list(reasons.items())[:_MOST_NAMED]]
    more = len(reasons) - len(shown)
    return ", ".join(shown) + (f", and {more} more" if more else "")
