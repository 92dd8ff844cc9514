"""Recording of metrics during training: metrics.jsonl, TensorBoard events, and the progress on the terminal."""

import json
import math
import os
import re
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from gan_jax.common.errors import UserError
from gan_jax.common.files import write_aside
from gan_jax.reporting import Kind, kind
from gan_jax.training.program import Packed, unpack

# Seconds between lines if the output is not a terminal.
_LINE_EVERY = 10.0

# The kinds of metrics that the progress line shows.
_SHOWN = (Kind.LOSS, Kind.OUTPUT)


class MetricsFile:
    """The file metrics.jsonl. A run that resumes at `step` drops later lines, since it repeats those steps."""

    def __init__(self, folder: Path, step: int):
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "metrics.jsonl"
        self.rows = [row for row in read_rows(self.path) if row["step"] <= step]
        write_aside(self.path, lambda file: file.writelines(_line(row) for row in self.rows))
        self._file = open(self.path, "ab")  # noqa: SIM115

    def add(self, row: dict) -> None:
        self.rows.append(row)
        self._file.write(_line(row))

    def flush(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


class MetricsLog(MetricsFile):
    """metrics.jsonl and TensorBoard events."""

    def __init__(self, folder: Path, step: int):
        super().__init__(folder, step)
        # It is created in the background, since its import takes seconds, while the step compiles.
        pool = ThreadPoolExecutor(1)
        self._events = pool.submit(_summary_writer, folder / "tensorboard", step)
        pool.shutdown(wait=False)

    def add(self, row: dict) -> None:
        super().add(row)
        for name, value in row.items():
            if name not in ("step", "seconds") and value is not None:
                # TensorBoard does not allow parentheses: D(G(z)) becomes D_G_z.
                self._events.result().add_scalar(re.sub(r"\W+", "_", name).strip("_"), value, row["step"])

    def close(self) -> None:
        super().close()
        self._events.result().close()


def _summary_writer(folder: Path, step: int) -> Any:
    from tensorboardX import SummaryWriter

    return SummaryWriter(str(folder), purge_step=step + 1 if step else None)


def _line(row: dict) -> bytes:
    return (json.dumps(row) + "\n").encode()


def read_rows(path: Path) -> list[dict]:
    """Returns the complete lines of a metrics.jsonl, or an empty list if there is no such file."""
    rows = []
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            rows.append(json.loads(line))
        except ValueError:  # the run was killed while writing its last line
            break
    return rows


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
        self._measured: dict[int, dict[str, np.ndarray]] = {}
        self._before = max((row.get("seconds", 0.0) for row in log.rows), default=0.0) if log else 0.0
        self.restart_clock(start)

    def restart_clock(self, step: int) -> None:
        """Restarts the measurement of images per second and elapsed time at `step`, to exclude compilation."""
        self._began = time.monotonic()
        self._mark = (step, self._began)

    def add(self, step: int, count: int, metrics: Packed) -> None:
        """Adds the metrics of the steps step + 1, ..., step + count."""
        self._pending.append((step, count, metrics))
        if step + count - self._pending[0][0] > self._every:
            self.record(leave=1)

    def measured(self, step: int, measures: dict[str, np.ndarray]) -> None:
        """Adds measures at `step`, the last step that was added. They are part of the line of that step."""
        self._measured[step] = measures

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
        row = {"step": step}
        if step % self._every == 0:
            row |= {**values, **self._clock(step)}
            self.display.show(row)
        row |= {name: float(value) for name, value in measures.items()}
        if self._log and len(row) > 1:
            self._log.add(row)

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

    def show(self, row: dict) -> None:
        """Shows the latest metrics."""
        shown = {name: value for name, value in row.items() if name != "step" and kind(name) in _SHOWN}
        numbers = "  ".join(f"{name.replace('_', ' ')} {_short(value)}" for name, value in shown.items())
        text = f"{numbers}  {row['images_per_second'] or 0:,.0f} images/s"
        self._progress.update(self._task, completed=row["step"], text=text)
        if not self._console.is_terminal and time.monotonic() >= self._line_at:
            self._line_at = time.monotonic() + _LINE_EVERY
            left = (self._total - row["step"]) * row["seconds"] / max(row["step"], 1)
            self._console.print(f"step {row['step']}/{self._total}  {text}  about {left:.0f} s left")


def _short(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else str(value)
