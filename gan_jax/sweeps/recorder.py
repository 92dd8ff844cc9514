"""Recording of metrics during a sweep: metrics.jsonl has a line for each member, and a line if a member fails."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Console

from gan_jax.common.errors import UserError
from gan_jax.reporting import Kind, kind
from gan_jax.sweeps.members import Member
from gan_jax.training.metrics_file import MetricsFile
from gan_jax.training.recorder import Display, Recorder


class MemberRecorder(Recorder):
    """Records metrics (steps, members). A member whose loss is not finite is marked as failed, the others continue.

    A member whose game is dead continues, too, since it may recover.
    """

    def __init__(self, log: MetricsFile, display: Display, members: Sequence[Member], console: Console, **options: Any):
        super().__init__(log, display, **options)
        self._lines, self._members, self._console = log, members, console
        self._failed = {row["member"] for row in log.rows if "failed" in row}

    @property
    def dead(self) -> str | None:
        """Why the games of all members that have not failed are dead, or None if one of them is alive."""
        reasons = {self._members[i].name: self._health[i].dead for i in self._running()}
        return (
            "; ".join(f"{name}: {why}" for name, why in reasons.items()) if reasons and all(reasons.values()) else None
        )

    def _record_step(self, step: int, metrics: dict[str, np.ndarray], measures: dict[str, np.ndarray]) -> None:
        for name, values in metrics.items():
            if kind(name) is Kind.LOSS:
                for i in np.flatnonzero(~np.isfinite(values)):
                    self._fail(step, int(i), name.removesuffix("_loss"), float(values[i]))
        if len(self._failed) == len(self._members):
            self._lines.flush()
            failures = [(self._members[row["member"]], row) for row in self._lines.rows if "failed" in row]
            reasons = [f"{member.name}: {describe_failure(row)}" for member, row in failures]
            raise UserError(f"every member has failed. {'; '.join(reasons)}")
        shared = self._show(step, metrics) if step % self._every == 0 else {}
        numbers = (metrics if shared else {}) | measures
        if numbers:
            for i in self._running():
                row = {"step": step, "member": i, **{n: float(v[i]) for n, v in numbers.items()}, **shared}
                self._write(row, self._members[i].name)

    def _fail(self, step: int, i: int, player: str, loss: float) -> None:
        if i not in self._failed:
            self._failed.add(i)
            row = {"step": step, "member": i, "failed": player, "loss": str(loss)}
            self._lines.add(row)
            self._console.print(f"{self._members[i].name} has failed, and the others continue: {describe_failure(row)}")

    def _running(self) -> list[int]:
        return [i for i in range(len(self._members)) if i not in self._failed]

    def _show(self, step: int, metrics: dict[str, np.ndarray]) -> dict[str, float | None]:
        """Shows the means over members. Returns the clock of each member, which has its share of images per second."""
        clock, going = self._clock(step), self._running()
        means = {n: float(np.mean(v[going])) for n, v in metrics.items()}
        self.display.show({"step": step, **means, **clock}, dead=self.dead is not None)
        rate = clock["images_per_second"]
        return {**clock, "images_per_second": rate and round(rate / len(self._members), 1)}


# The whole numbers in each line of a sweep's metrics.jsonl.
NEEDS = ("step", "member")


def describe_failure(row: dict) -> str:
    """Describes a failure from its line in metrics.jsonl."""
    return f"the loss of the {row['failed']} became {row['loss']} at step {row['step']}"
