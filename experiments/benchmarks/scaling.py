"""How the cost of our step grows with the batch, the resolution and the width."""

import statistics
import time
from typing import Any

from ours import dcgan_step

_BASE = {"resolution": 32, "width": 32, "batch": 64}
_CPU = {"batch": (16, 32, 64, 128), "resolution": (8, 16, 32, 64), "width": (16, 32, 64)}
_GPU = {"batch": (64, 128, 256, 512, 1024), "resolution": (8, 16, 32, 64, 128), "width": (32, 64, 128, 256)}


def measure(kind: str, *, seconds: float, blocks: int) -> list[dict[str, Any]]:
    """One thing varies at a time, around DCGAN 32x32 of width 32 on batches of 64."""
    rows = []
    for what, values in (_CPU if kind == "cpu" else _GPU).items():
        for value in values:
            at = _BASE | {what: value}
            run = dcgan_step(at["resolution"], 3, at["width"], 100, at["batch"])
            run(3)
            count = max(1, round(seconds / _seconds(run, 3)))
            times = [_seconds(run, count) for _ in range(blocks)]
            step = statistics.median(times)
            spread = (1e3 * min(times), 1e3 * max(times))
            rows.append(
                {what: value, "step_ms": 1e3 * step, "spread_ms": spread, "images_per_second": at["batch"] / step}
            )
    return rows


def _seconds(run, count: int) -> float:
    start = time.perf_counter()
    run(count)
    return (time.perf_counter() - start) / count
