"""The step of every row beside PyTorch's, in the best of its modes."""

import rows
from measure import Timing, interleaved, workers
from worker import MODES


def peak(precision: str) -> dict:
    """The matrix-product peak: {"flops": operations a second, "device": its kind}."""
    with workers({"peak": ("peak.py", precision)}) as running:
        return running["peak"].ready()


def compare(kind: str, precision: str, chosen: list[str], *, seconds: float, blocks: int) -> list[dict]:
    """A dict for every chosen row (all if none is named) of `rows.CPU` or `rows.GPU`."""
    flops = peak(precision)["flops"]
    table = rows.CPU if kind == "cpu" else rows.GPU
    results = []
    for index, row in enumerate(table):
        if chosen and not any(word in row.name for word in chosen):
            continue
        sides = ("ours", *MODES[kind])
        commands = {side: ("worker.py", kind, str(index), side, precision) for side in sides}
        results.append(_result(row, precision, flops, interleaved(commands, seconds=seconds, blocks=blocks)))
        print(line(results[-1]), flush=True)
    return results


def _result(row: rows.Row, precision: str, flops: float, timings: dict[str, Timing]) -> dict:
    ours = timings.pop("ours")
    best = min(timings, key=lambda mode: timings[mode].median)
    theirs = timings[best]
    operations = theirs.said["operations"]
    # Block by block: a block of ours and its neighbour of theirs meet the same machine.
    ratios = sorted(b / a for a, b in zip(ours.seconds, theirs.seconds, strict=True))
    return {
        "row": row.name,
        "precision": precision,
        "ratio": theirs.median / ours.median,
        "ratio_spread": (ratios[0], ratios[-1]),
        "ours_ms": 1e3 * ours.median,
        "ours_spread": ours.spread,
        "theirs_ms": {mode: 1e3 * timing.median for mode, timing in timings.items()},
        "theirs_best": best,
        "theirs_spread": theirs.spread,
        "images_per_second": row.size / ours.median,
        "theirs_images_per_second": row.size / theirs.median,
        "share_of_peak": operations / ours.median / flops,
        "theirs_share_of_peak": operations / theirs.median / flops,
        "operations": operations,
        "peak_bytes": ours.said["peak_bytes"],
        "theirs_peak_bytes": theirs.said["peak_bytes"],
    }


HEADINGS = (
    "network",
    "precision",
    "times PyTorch's best",
    "images/s",
    "PyTorch's images/s (best mode)",
    "share of peak",
    "PyTorch's",
    "memory",
    "PyTorch's",
)


def cells(result: dict) -> tuple[str, ...]:
    low, high = result["ratio_spread"]
    return (
        result["row"],
        result["precision"],
        f"{result['ratio']:.2f} ({low:.2f} to {high:.2f})",
        f"{result['images_per_second']:,.0f}",
        f"{result['theirs_images_per_second']:,.0f} ({result['theirs_best']})",
        f"{result['share_of_peak']:.0%}",
        f"{result['theirs_share_of_peak']:.0%}",
        f"{result['peak_bytes'] / 2**20:,.0f} MiB",
        f"{result['theirs_peak_bytes'] / 2**20:,.0f} MiB",
    )


def line(result: dict) -> str:
    modes = ", ".join(f"{mode} {ms:.2f}" for mode, ms in result["theirs_ms"].items())
    return f"{' | '.join(cells(result))} [ours {result['ours_ms']:.2f} ms ({result['ours_spread']}); {modes}]"
