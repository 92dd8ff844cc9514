"""Recording of metrics during training: metrics.jsonl, trackers, whether the game is dead, and the terminal."""

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from gan_jax.common.errors import UserError
from gan_jax.reporting import Kind, kind
from gan_jax.training import trackers
from gan_jax.training.health import Health
from gan_jax.training.metrics_file import MetricsFile
from gan_jax.training.program import Packed, unpack

# Seconds between lines if the output is not a terminal.
_LINE_EVERY = 10.0

# The kinds of metrics that the progress line shows.
_SHOWN = (Kind.LOSS, Kind.OUTPUT)


class MetricsLog(MetricsFile):
    """metrics.jsonl and the trackers of a run: TensorBoard, and those that `track` names.

    config: the settings of the run as plain values, for the trackers.
    """

    def __init__(self, folder: Path, step: int, track: Sequence[str] = (), config: Mapping[str, Any] | None = None):
        super().__init__(folder, step)
        self._trackers = trackers.start(trackers.Run(folder, step, config or {}), track)

    def add(self, row: dict[str, Any]) -> None:
        super().add(row)
        numbers = trackers.numbers(row)
        for tracker in self._trackers:
            tracker.log(row["step"], numbers)

    def picture(self, step: int, path: Path) -> None:
        """Shows the trackers a picture of samples, a PNG file."""
        for tracker in self._trackers:
            tracker.picture(step, path)

    def close(self) -> None:
        super().close()
        for tracker in self._trackers:
            tracker.close()


Fetch = Callable[[list[Packed]], list[Packed]]


class Recorder:
    """Collects the metrics of every call on the device, and fetches, checks and records them later in bulk.

    Fetching waits for the device. So it happens only once in `every` steps, and the newest call is left until the next
    one has started. `fetch` copies the metrics of calls to the host. `log` is None in processes that only check for
    non-finite losses. `examples` is the number of examples in a step.
    """

    def __init__(
        self, log: MetricsFile | None, display: "Display", *, start: int, every: int, examples: int, fetch: Fetch
    ):
        self._log, self.display, self._every, self._examples, self._fetch = log, display, every, examples, fetch
        self._pending: deque[tuple[int, int, Packed]] = deque()
        self._measured: dict[int, dict[str, Any]] = {}
        self._health: defaultdict[int | None, Health] = defaultdict(Health)  # by the member, which is None in a run
        for row in log.rows if log else ():
            self._health[row.get("member")].update(row)
        self._before = max((row.get("seconds") or 0.0 for row in log.rows), default=0.0) if log else 0.0
        self.restart_clock(start)

    @property
    def dead(self) -> str | None:
        """Why the game is dead at the last step that was recorded, or None. It is None in processes without a log."""
        return self._health[None].dead

    def restart_clock(self, step: int) -> None:
        """Restarts the measurement of images per second and elapsed time at `step`, to exclude compilation."""
        self._began = time.monotonic()
        self._mark = (step, self._began)

    def add(self, step: int, count: int, metrics: Packed) -> None:
        """Adds the metrics of the steps step + 1, ..., step + count."""
        self._pending.append((step, count, metrics))
        if step + count - self._pending[0][0] > self._every:
            self.record(leave=1)

    def measured(self, step: int, measures: Mapping[str, Any]) -> None:
        """Adds measures at `step`, the last step that was added. They are part of the line of that step."""
        self._measured.setdefault(step, {}).update(measures)

    def record(self, leave: int = 0) -> None:
        """Fetches and records all calls except the newest `leave`. Raises UserError for a loss that is not finite."""
        calls = [self._pending.popleft() for _ in range(len(self._pending) - leave)]
        fetched = self._fetch([metrics for _, _, metrics in calls])
        for (step, count, _), metrics in zip(calls, map(unpack, fetched), strict=True):
            for i in range(count):
                number = step + i + 1
                self._record_step(number, {name: v[i] for name, v in metrics.items()}, self._measured.pop(number, {}))

    def _record_step(self, step: int, metrics: dict[str, Any], measures: dict[str, Any]) -> None:
        """Records the metrics and measures of one step."""
        values = {name: float(value) for name, value in metrics.items()}
        self._check(step, values)
        shown = values | self._clock(step) if step % self._every == 0 else {}
        numbers = shown | {name: float(value) for name, value in measures.items()}
        if numbers:
            self._write({"step": step, **numbers})
        if shown:
            self.display.show({"step": step, **shown}, dead=self.dead is not None)

    def _write(self, row: dict[str, Any], what: str = "the game") -> None:
        """Writes a line. Writes and says so if `what`, the game or a member, is dead or alive from here on."""
        if self._log is None:
            return
        self._log.add(row)
        event = self._health[row.get("member")].update(row)
        if event:
            self._log.add({name: row[name] for name in ("step", "member") if name in row} | event)
            ((state, why),) = event.items()
            self.display.say(f"{what} is {state} at step {row['step']}: {why}")

    def _check(self, step: int, values: dict[str, float]) -> None:
        for name, value in values.items():
            if kind(name) is Kind.LOSS and not math.isfinite(value):
                raise UserError(f"the loss of the {name.removesuffix('_loss')} became {value} at step {step}")

    def _clock(self, step: int) -> dict[str, float | None]:
        """Returns the images per second since the last call, and the seconds since the start of the run."""
        now = time.monotonic()
        steps, spent = step - self._mark[0], now - self._mark[1]
        rate = round(steps * self._examples / spent, 1) if steps > 0 else None
        self._mark = (step, now)
        return {"images_per_second": rate, "seconds": round(self._before + now - self._began, 3)}


class Display:
    """Shows the progress of a run as a bar on a terminal, or otherwise as a line every few seconds."""

    def __init__(self, console: Console, total: int, done: int):
        self._console = console
        self._total = total
        self._line_at = time.monotonic() + _LINE_EVERY
        self._progress = Progress(
            TextColumn("step {task.completed:,.0f}/{task.total:,.0f}"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[text]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("", total=total, completed=done, text="compiling")

    def __enter__(self) -> "Display":
        self._progress.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._progress.stop()

    def say(self, line: str) -> None:
        """Prints a line above the progress."""
        self._console.print(line, markup=False)

    def show(self, row: dict, dead: bool = False) -> None:
        """Shows the latest metrics, and whether the game is dead."""
        shown = {name: value for name, value in row.items() if name != "step" and kind(name) in _SHOWN}
        numbers = "  ".join(f"{name.replace('_', ' ')} {_short(value)}" for name, value in shown.items())
        text = f"{'DEAD  ' if dead else ''}{numbers}  {row['images_per_second'] or 0:,.0f} images/s"
        self._progress.update(self._task, completed=row["step"], text=text)
        if not self._console.is_terminal and time.monotonic() >= self._line_at:
            self._line_at = time.monotonic() + _LINE_EVERY
            left = (self._total - row["step"]) * row["seconds"] / max(row["step"], 1)
            self._console.print(f"step {row['step']}/{self._total}  {text}  about {left:.0f} s left")


def _short(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else str(value)
