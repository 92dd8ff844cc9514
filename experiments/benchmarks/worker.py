"""One side of a row, in a process of its own: python worker.py ROWS INDEX SIDE PRECISION.

It makes a few steps, says what it found, and then times as many steps as each line of its standard input says.
SIDE is "ours" or one of `MODES`: how PyTorch is used.
"""

import contextlib
import json
import re
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rows

MODES = {"cpu": ("eager", "channels_last", "compile"), "gpu": ("channels_last", "compile", "cuda_graph")}


def main() -> None:
    kind, index, side, precision = sys.argv[1:]
    row = (rows.CPU if kind == "cpu" else rows.GPU)[int(index)]
    began = time.perf_counter()
    run, about = _ours(row, kind, precision) if side == "ours" else _theirs(row, kind, side, precision)
    run(3)
    _forget_peak()
    said = {"seconds_to_start": time.perf_counter() - began, **about()}
    print(json.dumps(said), flush=True)
    for line in sys.stdin:
        count = int(line)
        start = time.perf_counter()
        run(count)
        print(json.dumps({"seconds": (time.perf_counter() - start) / count, **about()}), flush=True)


def _forget_peak() -> None:
    """Peak memory counts from now: what was imported and compiled before is not of the step."""
    with contextlib.suppress(OSError):  # Linux only
        Path("/proc/self/clear_refs").write_text("5")


def _peak_of_process() -> int:
    with contextlib.suppress(OSError):
        return 1024 * int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _ours(row: rows.Row, kind: str, precision: str) -> tuple[Callable[[int], None], Callable[[], dict]]:
    import jax

    def about() -> dict[str, Any]:
        stats = jax.local_devices()[0].memory_stats() if kind == "gpu" else None
        return {"peak_bytes": stats["peak_bytes_in_use"] if stats else _peak_of_process()}

    run = row.make_ours("bfloat16" if precision == "bfloat16" else "float32")
    return run, about


def _theirs(row: rows.Row, kind: str, mode: str, precision: str) -> tuple[Callable[[int], None], Callable[[], dict]]:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    device = "cuda" if kind == "gpu" else "cpu"
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    low = precision == "bfloat16"

    def make(compiled: Callable[[Any], Any], memory_format: torch.memory_format) -> Callable[[], None]:
        return row.make_theirs(
            device=device,
            memory_format=memory_format,
            compiled=compiled,
            autocast=(lambda: torch.autocast(device, torch.bfloat16)) if low else contextlib.nullcontext,
        )

    eager = make(lambda network: network, torch.contiguous_format if mode == "eager" else torch.channels_last)
    counter = FlopCounterMode(display=False)
    with counter:
        eager()
    operations = counter.get_total_flops()

    step = eager
    if mode == "compile":
        how = {"mode": "max-autotune"} if kind == "gpu" else {}
        step = make(lambda network: torch.compile(network, **how), torch.channels_last)
    if mode == "cuda_graph":
        step = _captured(eager)

    def run(n: int) -> None:
        for _ in range(n):
            if kind == "gpu" and mode == "compile":
                torch.compiler.cudagraph_mark_step_begin()
            step()
        if kind == "gpu":
            torch.cuda.synchronize()

    def about() -> dict[str, Any]:
        peak = torch.cuda.max_memory_allocated() if kind == "gpu" else _peak_of_process()
        return {"peak_bytes": peak, "operations": operations}

    return run, about


def _captured(step: Callable[[], None]) -> Callable[[], None]:
    """The step as a CUDA graph: all its kernels launched by one call."""
    import torch

    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay


if __name__ == "__main__":
    main()
