"""TensorBoard: event files in the run folder, which `tensorboard --logdir RUN` shows."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gan_jax.training.trackers.tracker import Run


class TensorBoard:
    """Writes to RUN/tensorboard. After a resume, TensorBoard drops what was logged after the step of the resume."""

    def __init__(self, run: Run):
        # Not SummaryWriter: its own thread prints a traceback when the disk is full, and so does its end.
        from tensorboardX.event_file_writer import EventsWriter
        from tensorboardX.proto.event_pb2 import SessionLog  # pyright: ignore[reportAttributeAccessIssue]

        folder = run.folder / "tensorboard"
        folder.mkdir(parents=True, exist_ok=True)
        self._writer = EventsWriter(str(folder / "events"))
        if run.step:
            self._write(run.step + 1, session_log=SessionLog(status=SessionLog.START))

    def log(self, step: int, numbers: Mapping[str, float]) -> None:
        from tensorboardX.summary import scalar

        for name, value in numbers.items():
            self._write(step, summary=scalar(name, value))

    def picture(self, step: int, path: Path) -> None:
        from PIL import Image
        from tensorboardX.summary import image

        with Image.open(path) as picture:
            self._write(step, summary=image("samples", np.asarray(picture.convert("RGB")), dataformats="HWC"))
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()

    def _write(self, step: int, **what: Any) -> None:
        from tensorboardX.proto.event_pb2 import Event  # pyright: ignore[reportAttributeAccessIssue]

        self._writer.write_event(Event(step=step, wall_time=time.time(), **what))
