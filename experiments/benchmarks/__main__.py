"""Speed, measured here and now: python experiments/benchmarks [--only steps loop ...] [--out FOLDER].

Needs PyTorch beside gan-jax (requirements.txt); run it on a machine that does nothing else. On a machine with a GPU it
compares there, in TF32 and bfloat16. It prints tables and writes them to FOLDER/benchmarks.json and .md.
"""

import json
import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import jax
import layers
import loop
import populations
import scaling
import steps
import tyro
from measure import interleaved

from gan_jax.common.files import write_aside

Part = Literal["steps", "layers", "loop", "start", "populations", "devices", "scaling"]
Table = tuple[str, list[str], list[list[str]]]


@dataclass(frozen=True)
class Options:
    """Measures gan-jax, beside PyTorch where that is the question."""

    only: tuple[Part, ...] = ("steps", "layers", "loop", "start", "populations", "devices", "scaling")
    """What to measure."""

    rows: tuple[str, ...] = ()
    """Networks of the comparison whose names hold one of these words; all by default."""

    seconds: float = 2.0
    """Seconds of each block of steps."""

    blocks: int = 7
    """Blocks of steps of each side, which are timed in turn."""

    out: Path = Path("runs/benchmarks")
    """Where the tables go. What an earlier call measured and this one does not is kept."""


def main() -> None:
    options = tyro.cli(Options, prog="python experiments/benchmarks")
    kind = "gpu" if jax.default_backend() == "gpu" else "cpu"
    path = options.out / "benchmarks.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    found["machine"] = _machine(kind)
    for part in options.only:
        print(f"measuring {part}", flush=True)
        found[part] = _measure(part, kind, options, found)
        text = json.dumps(found, indent=2) + "\n"
        write_aside(path, lambda file, text=text: file.write(text.encode()))
    report = _report(found)
    write_aside(options.out / "benchmarks.md", lambda file: file.write(report.encode()))
    print(report)


def _measure(part: Part, kind: str, options: Options, found: dict[str, Any]) -> Any:
    how = {"seconds": options.seconds, "blocks": options.blocks}
    if part == "steps":
        precisions = ("float32", "bfloat16") if kind == "gpu" else ("float32",)
        return [row for p in precisions for row in steps.compare(kind, p, list(options.rows), **how)]
    if part == "layers":
        return layers.measure(64, 3, 64, 64, found["machine"]["matrix_product_flops"])
    if part == "loop":
        return loop.overhead(steps=5000, blocks=max(3, options.blocks // 2))
    if part == "start":
        return loop.start(repeats=3)
    if part == "populations":
        sizes = {"ring": (populations.ring, (1, 8, 64)), "digits": (populations.digits, (1, 2, 4, 8))}
        if kind == "gpu":
            sizes = {name: (make, populations.SIZES) for name, (make, _) in sizes.items()}
        return {name: populations.compare(make, **how, sizes=counts) for name, (make, counts) in sizes.items()}
    if part == "devices":
        commands = {str(n): ("devices.py", str(n)) for n in (1, 2, 4, 8)}
        timings = interleaved(commands, **how)
        return {n: {"step_ms": 1e3 * t.median, "spread": t.spread, **t.said} for n, t in timings.items()}
    return scaling.measure(kind, **how)


def _machine(kind: str) -> dict[str, Any]:
    peak = steps.peak("float32")
    return {
        "device": peak["device"] if kind == "gpu" else _processor(),
        "count": 1 if kind == "gpu" else len(os.sched_getaffinity(0)),
        "matrix_product_flops": peak["flops"],
        "versions": {name: version(name) for name in ("jax", "flax", "torch")} | {"python": platform.python_version()},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))


def _report(found: dict[str, Any]) -> str:
    m = found["machine"]
    versions = ", ".join(f"{name} {number}" for name, number in m["versions"].items())
    text = (
        f"{m['count']} x {m['device']}, {m['matrix_product_flops'] / 1e9:.0f} GFLOP/s in matrix products; {versions}\n"
    )
    for title, headings, rows in _tables(found):
        text += f"\n{title}\n\n| {' | '.join(headings)} |\n|{' --- |' * len(headings)}\n"
        text += "".join(f"| {' | '.join(row)} |\n" for row in rows)
    return text


def _tables(found: dict[str, Any]) -> list[Table]:
    tables: list[Table] = []
    if "steps" in found:
        rows = [list(steps.cells(result)) for result in found["steps"]]
        tables.append(("Step, over PyTorch's best (blocks in turn)", list(steps.HEADINGS), rows))
    if "layers" in found:
        names = ("convolution", "its transpose", "gradient of the kernel")
        rows = [[row["layer"], *(f"{row[name]:.0%}" for name in names)] for row in found["layers"]]
        tables.append(("DCGAN 64x64, width 64, batch 64: share of the matrix-product peak", ["layer", *names], rows))
    if "loop" in found:
        low, high = found["loop"]["ratio_spread"]
        row = [f"{found['loop']['ratio']:.1%} ({low:.1%} to {high:.1%})"]
        row += [f"{found['loop'][name]:,.0f}" for name in ("loop_images_per_second", "bare_images_per_second")]
        tables.append(("Default run: the whole loop over its bare step", ["ratio", "loop, images/s", "bare"], [row]))
    if "start" in found:
        rows = [[", ".join(f"{s:.1f}" for s in found["start"][name]) for name in ("cold", "warm")]]
        tables.append(("Seconds from the command to the first step", ["empty cache", "full cache"], rows))
    for name, rows in found.get("populations", {}).items():
        cells = [[str(r["members"]), f"{r['step_ms']:.2f} ms", f"{r['times_one']:.2f}"] for r in rows]
        tables.append((f"Population of {name} GANs", ["members", "step", "times one"], cells))
    if "devices" in found:
        one = found["devices"]["1"]["step_ms"]
        rows = [[n, f"{r['step_ms']:.1f} ms", f"{r['step_ms'] / one - 1:+.0%}"] for n, r in found["devices"].items()]
        tables.append(("One batch of 64 over virtual devices, DCGAN 32x32", ["devices", "step", "over one"], rows))
    if "scaling" in found:
        rows = []
        for r in found["scaling"]:
            what = next(iter(r))
            rows.append([f"{what} {r[what]}", f"{r['step_ms']:.1f} ms", f"{r['images_per_second']:,.0f}"])
        tables.append(("DCGAN 32x32, width 32, batch 64, but", ["", "step", "images/s"], rows))
    return tables


if __name__ == "__main__":
    main()
