"""Evaluation while a run trains, and the checkpoint of its best state in RUN/best.

What evaluates is given by the caller, since training knows no evaluation.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from gan_jax.common.files import write_text
from gan_jax.data import Dataset
from gan_jax.game import Game
from gan_jax.training import saved_state
from gan_jax.training.checkpoints import Checkpoints

BEST = "best"

# best/best.json says which figure was best, at which step.
_RECORD = "best.json"


class Judgement(NamedTuple):
    """What an evaluation found.

    figures: the main figures by name. The first one says which state is the best.
    higher_is_better: whether that is so of the first one.
    settings: what the figures depend on, as plain values. Figures of other settings are not compared.
    """

    figures: dict[str, float]
    higher_is_better: bool
    settings: dict[str, Any]


# The networks of a state, as `Game.sample` takes them -> what their evaluation found.
Evaluate = Callable[[dict[str, Any]], Judgement]

# Prepares evaluations of a game by a dataset. Raises UsageError if they cannot be done.
Evaluator = Callable[[Dataset, Game], Evaluate]


class Best:
    """Keeps the checkpoint of the state whose first figure is the best. For the one process that writes the folder.

    start: the step that the run goes on from. What was best after it is judged again, since those steps are repeated.
    """

    def __init__(self, run: Path, start: int):
        self._folder = run / BEST
        self._checkpoints = Checkpoints(self._folder, keep=1)
        self._record = _read(self._folder)
        if self._record.get("step", 0) > start:
            self._record = {}

    def update(self, step: int, found: Judgement, state: Callable[[], Any]) -> str:
        """Saves the state if it is the best so far. Returns a line that says how good it is.

        state: gives the state on the host, as `Checkpoints.save` takes it.
        """
        name, value = next(iter(found.figures.items()))
        said = f"step {step}: {name.replace('_', ' ')} {value:.4g}"
        same = self._record.get("figure") == name and self._record.get("settings") == _plain(found.settings)
        if same:
            best = self._record["value"]
            if not (value > best if found.higher_is_better else value < best):
                return f"{said}; the best is {best:.4g} at step {self._record['step']}"
        if step not in saved_state.steps(self._folder):  # it may be there from before the run was killed
            self._checkpoints.save(step, state())
            self._checkpoints.wait()
        self._record = {"step": step, "figure": name, "value": value, "settings": _plain(found.settings)}
        write_text(self._folder / _RECORD, json.dumps(self._record, indent=2) + "\n")
        return f"{said}, the best so far"

    def close(self) -> None:
        """Ends the writing."""
        self._checkpoints.close()


def _read(folder: Path) -> dict[str, Any]:
    """What best.json says of the checkpoint that is there. Nothing if it cannot be read, or says it of another one."""
    try:
        record = json.loads((folder / _RECORD).read_text())
    except (OSError, ValueError):
        return {}
    whole = isinstance(record, dict) and isinstance(record.get("value"), int | float)
    return record if whole and record.get("step") in saved_state.steps(folder) else {}


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as JSON gives them back."""
    return json.loads(json.dumps(settings))
