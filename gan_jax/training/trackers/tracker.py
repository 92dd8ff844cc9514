"""What a tracker is, and what it is told."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True)
class Run:
    """The run that is tracked.

    folder: its folder, where a tracker keeps what it needs to go on after a resume.
    step: the step where it starts or resumes.
    config: its settings, as plain values.
    """

    folder: Path
    step: int
    config: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.folder.absolute().name


class Tracker(Protocol):
    """Takes the metrics of a run. It may raise anything: `Background` turns this into a warning."""

    def log(self, step: int, numbers: Mapping[str, float]) -> None:
        """Takes the metrics of a step, by names that `numbers` has made."""
        ...

    def picture(self, step: int, path: Path) -> None:
        """Takes a picture of samples, a PNG file."""
        ...

    def close(self) -> None:
        """Is called once, last. It returns when all is written or sent."""
        ...


def numbers(row: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a line of metrics.jsonl under names that all trackers allow: D(G(z)) becomes D_G_z.

    A line that says that the game is dead, or alive again, becomes the number "dead", 1 or 0.
    """
    found = {
        re.sub(r"\W+", "_", name).strip("_"): float(value)
        for name, value in row.items()
        if isinstance(value, int | float) and name not in ("step", "seconds")
    }
    return found | ({"dead": 1.0} if "dead" in row else {}) | ({"dead": 0.0} if "alive" in row else {})
