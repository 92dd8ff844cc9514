"""What chaos does to run folders, and how it compares them: a small disk, damage, snapshots, and differences."""

import errno
import json
import os
import subprocess
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import numpy as np

from gan_jax.training import saved_state

CLOCK = ("seconds", "images_per_second")

_BLOCK = 4096


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[bool]:
    """Lays a disk of `size` bytes, in memory, over an empty folder in this context. Yields whether that is allowed."""
    try:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        mounted = subprocess.run(mount, stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


def fill(ballast: Path, free: int) -> None:
    """Fills the disk of the file `ballast` with it, except for `free` bytes."""
    with open(ballast, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(_BLOCK))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
        file.truncate(max(0, file.tell() - free))


def intact(checkpoints: Path) -> list[int]:
    """Returns the steps of the checkpoints for which a manifest vouches, in ascending order."""
    found = []
    for step in saved_state.steps(checkpoints):
        try:
            if saved_state.read(checkpoints, step)[1]:
                found.append(step)
        except saved_state.DamagedError:
            continue
    return found


def damage(checkpoint: Path, random: Random) -> str:
    """Damages a file of a checkpoint. Returns what was done: "a byte changed", "cut short" or "deleted"."""
    files = sorted(path for path in checkpoint.rglob("*") if path.is_file() and path.stat().st_size)
    file = random.choice(files)
    data, at = file.read_bytes(), random.randrange(file.stat().st_size)
    what = random.choice(("a byte changed", "cut short", "deleted"))
    if what == "deleted":
        file.unlink()
    elif what == "cut short":
        file.write_bytes(data[:at])
    else:
        file.write_bytes(data[:at] + bytes([data[at] ^ random.randrange(1, 256)]) + data[at + 1 :])
    return what


def add_garbage(metrics: Path, random: Random) -> None:
    """Adds to metrics.jsonl what a kill or a power cut leaves there: a part of a line, zeros or anything."""
    row = json.dumps({"step": random.randrange(10**6), "generator_loss": random.random()}).encode()
    garbage = random.choice(
        (row[: random.randrange(1, len(row))], bytes(random.randrange(1, 5000)), random.randbytes(99))
    )
    with open(metrics, "ab") as file:
        file.write(garbage)


def snapshot(folder: Path, without: tuple[str, ...] = ()) -> dict[str, tuple]:
    """Returns the names of all files and folders in `folder` with what identifies them: sizes, times and checksums."""

    def identity(path: Path) -> tuple:
        if path.is_dir():
            return ("folder",)
        status = path.stat()
        return status.st_size, status.st_mtime_ns, zlib.crc32(path.read_bytes())

    names = (path.relative_to(folder) for path in folder.rglob("*"))
    return {str(name): identity(folder / name) for name in names if str(name) not in without}


def read_metrics(run: Path) -> list[dict]:
    """Returns the lines of metrics.jsonl, without what the clock says."""
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{name: value for name, value in row.items() if name not in CLOCK} for row in rows]


def metrics_differences(undisturbed: list[dict], disturbed: list[dict]) -> list[str]:
    """Returns what differs between the lines of two metrics.jsonl, at most a line each for numbers and for rows."""
    losses = []
    steps = [[row["step"] for row in rows] for rows in (undisturbed, disturbed)]
    if steps[0] != steps[1]:
        missing, more = (sorted(set(a) - set(b)) for a, b in (steps, steps[::-1]))
        losses.append(
            f"rows of metrics.jsonl: {len(undisturbed)} undisturbed and {len(disturbed)} disturbed; "
            f"missing steps: {len(missing)} {missing[:5]}; new steps: {len(more)} {more[:5]}"
        )
    before, after = _by_step(undisturbed), _by_step(disturbed)
    differing = [
        f"step {key[0]}: {name} is {row.get(name)} undisturbed and {after[key].get(name)} disturbed"
        for key, row in before.items()
        if key in after
        for name in sorted(row.keys() | after[key].keys())
        if _differ(row.get(name), after[key].get(name))
    ]
    if differing:
        losses.append(f"numbers that differ in metrics.jsonl: {len(differing)}; first {differing[0]}")
    return losses


def _by_step(rows: list[dict]) -> dict[tuple[int, int], dict]:
    """Returns the rows by (step, how many of this step come before): some steps also have a row on what happened."""
    seen: Counter[int] = Counter()
    found = {}
    for row in rows:
        found[row["step"], seen[row["step"]]] = row
        seen[row["step"]] += 1
    return found


def _differ(a: object, b: object) -> bool:
    return json.dumps(a) != json.dumps(b)  # unlike ==, this tells 0.0 from -0.0 and NaN from nothing


def array_differences(undisturbed: dict, disturbed: dict) -> list[str]:
    """Returns what differs between the arrays by name of two checkpoints, bit for bit."""
    losses = [
        f"only the {where} checkpoint has {'/'.join(name)}"
        for where, a, b in (("undisturbed", undisturbed, disturbed), ("disturbed", disturbed, undisturbed))
        for name in sorted(a.keys() - b.keys())
    ]
    for name in sorted(undisturbed.keys() & disturbed.keys()):
        a, b = (np.asarray(arrays[name]) for arrays in (undisturbed, disturbed))
        if (a.shape, a.dtype) != (b.shape, b.dtype):
            losses.append(f"{'/'.join(name)} is {a.dtype}{a.shape} undisturbed and {b.dtype}{b.shape} disturbed")
        elif a.tobytes() != b.tobytes():
            losses.append(f"{'/'.join(name)}: {int(np.sum(a != b))} of {a.size} numbers of the last checkpoint differ")
    return losses


def picture_differences(undisturbed: Path, disturbed: Path) -> list[str]:
    """Returns the differences between the pictures in two folders."""
    a, b = ({name: (folder / name).read_bytes() for name in os.listdir(folder)} for folder in (undisturbed, disturbed))
    return [
        f"samples/{name} is {'another picture' if name in a and name in b else 'missing' if name in a else 'new'}"
        for name in sorted(a.keys() | b.keys())
        if a.get(name) != b.get(name)
    ]
