"""Whether runs survive what happens to runs: kills, full disks, damage, readers and second writers, all at random.

    python experiments/benchmarks/chaos.py --minutes 10

A small run is trained undisturbed. The same run is then trained in another folder and disturbed again and again, at its
start, while it compiles, trains, and writes a checkpoint. After each interruption the same command goes on. In the end,
every number of its metrics, of its last checkpoint and of its pictures must be that of the undisturbed run, to the bit.
Then the next run follows, with another seed, until the time is over.
"""

import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random, SystemRandom

import chaos_folders as folders
import jax
import tyro
from chaos_processes import MOMENTS, STATUSES, Command, Reader, kill_all, wait_for_moment, wait_until

from gan_jax.training import saved_state

EXPERIMENT = Path(__file__).resolve().parents[1] / "unconditional" / "dcgan_digits.py"
STEPS = 2000
FLAGS = (
    *("--width", "4", "--latent-size", "8", "--batch-size", "16"),
    *("--log-every", "1", "--sample-every", "100", "--checkpoint-every", "20", "--keep", "3"),
)

# The run folders lie on a disk of this size, which is filled now and then. Each of them needs a few megabytes.
DISK = 64 * 2**20

READERS = ("sample", "evaluate", "runs")


@dataclass(frozen=True)
class Options:
    """Disturbs runs for some time and says what was lost. Exits with 1 if anything was."""

    minutes: float = 10
    """How long to disturb runs. The undisturbed runs and the end of the last run take more time."""

    seed: int | None = None
    """Random seed of what happens: random by default. When it happens depends on the speed of the machine too."""

    workdir: Path | None = None
    """Folder for the runs, which is kept. By default a temporary one, which is deleted if nothing was lost."""


@dataclass
class Tally:
    """What has happened. `events` counts events by (kind, what). `losses` has the first line of each loss."""

    events: Counter = field(default_factory=Counter)
    losses: list[str] = field(default_factory=list)

    def lose(self, what: str) -> None:
        print(f"LOSS: {what}", flush=True)
        self.losses.append(what.partition("\n")[0])


def main(options: Options) -> None:
    seed = SystemRandom().randrange(10**6) if options.seed is None else options.seed
    workdir = options.workdir or Path(tempfile.mkdtemp(prefix="chaos-"))
    workdir.mkdir(parents=True, exist_ok=True)
    if any(workdir.iterdir()):
        sys.exit(f"{workdir} is not empty: give another --workdir")
    # All processes share what is compiled.
    os.environ.setdefault("GAN_JAX_CACHE", str((workdir / "cache").resolve()))
    jax.config.update("jax_platforms", "cpu")  # this process only reads checkpoints, and leaves a GPU to the runs
    disk = workdir / "disk"
    disk.mkdir()
    tally = Tally()
    with folders.small_disk(disk, DISK) as mounted:
        if not mounted:
            print("cannot mount a small disk here: files that may not grow stand for full disks", flush=True)
        try:
            chaos(workdir, disk, mounted, 60 * options.minutes, Random(seed), tally)
        finally:
            kill_all()
            if mounted and (tally.losses or options.workdir):
                shutil.copytree(disk, workdir / "runs_at_the_end")
    print(report(tally, seed))
    if tally.losses:
        sys.exit(f"the runs are in {workdir}")
    if options.workdir is None:
        shutil.rmtree(workdir)


def chaos(workdir: Path, disk: Path, mounted: bool, seconds: float, random: Random, tally: Tally) -> None:
    """Trains and disturbs one run after the other until they have been disturbed for so many seconds."""
    number = 0
    while not number or seconds > 0:
        train = ("train", EXPERIMENT, *FLAGS, "--steps", str(STEPS), "--seed", str(number), "--workdir")
        undisturbed = Command(*train, workdir / f"undisturbed_{number}")
        undisturbed.finish()
        if undisturbed.status:
            sys.exit(f"a run cannot be trained even undisturbed: {undisturbed.says()}")
        run = DisturbedRun((*train, disk / f"run_{number}"), workdir, disk, mounted, random, tally)
        began = time.monotonic()
        while not run.is_complete() and time.monotonic() - began < seconds:
            run.round()
        seconds -= time.monotonic() - began
        if run.complete():
            compare(workdir / f"undisturbed_{number}", run.folder, tally)
        number += 1


class DisturbedRun:
    """A run that is disturbed in rounds: in each it starts, or goes on, until something stops it.

    train: the command that starts it and goes on with it, whose last word is the folder of the run on `disk`.
    mounted: whether `disk` can be filled.
    """

    def __init__(
        self, train: tuple[str | Path, ...], workdir: Path, disk: Path, mounted: bool, random: Random, tally: Tally
    ):
        self.folder = Path(train[-1])
        self._train, self._workdir, self._disk, self._mounted = train, workdir, disk, mounted
        self._random, self._tally = random, tally
        self._checkpoints = self.folder / "checkpoints"
        self._ballast = disk / "ballast"
        self._damaged: set[int] = set()
        self._reader: Reader | None = None

    def is_complete(self) -> bool:
        return (self._checkpoints / str(STEPS)).is_dir()

    def round(self) -> None:
        """Lets the run go on and disturbs it. It may be damaged before, and others may read and write beside it."""
        self._count("rounds", "")
        happened = [*self._damage(), *self._read_alone()]
        moment = self._random.choice(MOMENTS)
        command, beside = self._start(cold=moment == "compilation" and self._chance(0.3))
        happened += beside
        if self._chance(0.4):
            happened += self._start_reader()
        if self._chance(0.25):
            happened += self._write_beside(command)
        wait_for_moment(moment, command, self._checkpoints, self._random)
        blow = self._strike(command, moment)
        self._look_for_damaged()
        if self._reader and self._reader.command.ended:
            self._end_reader()
        steps = saved_state.steps(self._checkpoints)
        print(f"{self.folder.name}: {'; '.join([*happened, blow])}; saved {steps[-1] if steps else 0}", flush=True)

    def complete(self) -> bool:
        """Lets the run go on to its end, undisturbed. Returns whether it reaches it."""
        if self._reader:
            self._end_reader()
        command = Command(*self._train)
        if not command.finish() or command.status or command.traceback:
            self._lose(f"it does not go on to its end: {command.says()}")
        elif not self.is_complete():
            self._lose(f"it is not complete at its end: {command.says()}")
        self._look_for_damaged()
        return self.is_complete()

    def _start(self, cold: bool) -> tuple[Command, list[str]]:
        """Starts the run, now and then with nothing compiled (`cold`), now and then twice at the same time."""
        cache = self._workdir / "cold_cache" if cold else None
        if cache and self._chance(0.5):
            shutil.rmtree(cache, ignore_errors=True)  # otherwise it has what was left when the last one was stopped
        command = Command(*self._train, cache=cache)
        if cold:
            return command, ["compiled anew"]
        if not self._chance(0.1):
            return command, []
        other = Command(*self._train)
        wait_until(lambda: command.ended or other.ended, 120)
        refused, command = (command, other) if command.ended else (other, command)
        self._check_refused(refused, command)
        return command, ["started twice at once"]

    def _write_beside(self, command: Command) -> list[str]:
        """Starts a second writer beside a run that trains."""
        wait_until(lambda: command.ended or bool(command.out), 120)
        if command.ended:
            return []
        self._check_refused(Command(*self._train), command)
        return ["a second writer"]

    def _check_refused(self, second: Command, first: Command) -> None:
        wait_until(lambda: second.ended or first.ended, 120)
        if first.ended:  # then the second one may write
            second.finish(0)
            self._count("second writers", "came when the first one had ended")
            return
        second.finish(0)
        reason = second.complaint
        if second.status == 2 and reason and "is being written by" in reason:
            self._count("second writers", "refused")
        else:
            self._lose(f"a second writer was not refused: {second.says()}")

    def _strike(self, command: Command, moment: str) -> str:
        """Stops the run in a random way. Returns what was done."""
        if command.ended:
            self._check_end(command, "its end", (0,))
            return "it ended by itself"
        ways = {
            "SIGKILL": 5,
            "SIGTERM": 2,
            "SIGINT": 2,
            "SIGHUP": 2,
            "SIGINT twice": 1,
            "SIGTERM and then SIGKILL": 1,
            "full disk": 3 if self._mounted else 0,
            "limit of the file size": 2 if hasattr(resource, "prlimit") else 0,
        }
        (way,) = self._random.choices([*ways], [*ways.values()])
        self._count("kills", way)
        self._count("moments", moment)
        {"full disk": self._fill_disk, "limit of the file size": self._limit_files}.get(way, self._signal)(command, way)
        return f"{way} at {moment}"

    def _signal(self, command: Command, way: str) -> None:
        first, _, second = way.partition(" ")
        number = signal.Signals[first]
        command.send(number)
        statuses = STATUSES[number]
        if second:
            wait_until(lambda: command.ended, self._random.uniform(0, 1))
            number = signal.Signals[second.split()[-1]] if "SIG" in second else number
            command.send(number)
            statuses += STATUSES[number]
        self._check_end(command, way, statuses)

    def _fill_disk(self, command: Command, way: str) -> None:
        if self._reader:
            self._reader.was_disturbed = True
        folders.fill(self._ballast, free=self._random.choice((0, 0, 4096, 2**16, 2**18)))
        wait_until(lambda: command.ended, 20)
        self._ballast.unlink()
        self._end_after_failed_writes(command, way)

    def _limit_files(self, command: Command, way: str) -> None:
        try:
            size = self._random.choice((0, 100, 2**12, 2**16, 2**18))
            resource.prlimit(command.process.pid, resource.RLIMIT_FSIZE, (size, size))
        except ProcessLookupError:
            pass
        wait_until(lambda: command.ended, 20)
        self._end_after_failed_writes(command, way)

    def _end_after_failed_writes(self, command: Command, way: str) -> None:
        if not command.ended:  # it had nothing to write, or there was room enough
            command.send(signal.SIGTERM)
        self._check_end(command, way, (0, 1, -signal.SIGTERM))

    def _check_end(self, command: Command, way: str, statuses: tuple[int, ...]) -> None:
        """Adds to the losses if the run did not end, or not with one of these statuses, or not in a clear way."""
        if not command.finish():
            self._lose(f"it did not end after {way}: {command.says()}")
        elif command.status not in statuses:
            self._lose(f"it ended with status {command.status} after {way}: {command.says()}")
        elif command.traceback:
            self._lose(f"a traceback after {way}: {command.says()}")
        elif command.status == 1 and "cannot" not in (command.complaint or ""):
            self._lose(f"it did not say in a line what cannot be written after {way}: {command.says()}")

    def _damage(self) -> list[str]:
        """Damages the newest checkpoints, never all, and adds garbage to the metrics, now and then."""
        done = []
        if self._chance(0.25):
            steps = folders.intact(self._checkpoints)
            for step in steps[1:][-self._random.choice((1, 1, 2)) :]:
                what = folders.damage(self._checkpoints / str(step), self._random)
                self._damaged.add(step)
                self._count("damages", f"checkpoint file, {what}")
                done.append(f"checkpoint {step}: a file {what}")
        if self._chance(0.25) and (self.folder / "metrics.jsonl").exists():
            folders.add_garbage(self.folder / "metrics.jsonl", self._random)
            self._count("damages", "garbage in metrics.jsonl")
            done.append("garbage in metrics.jsonl")
        return done

    def _look_for_damaged(self) -> None:
        """Checkpoints that nothing has damaged must not be set aside."""
        aside = {int(path.name) for path in (self.folder / "damaged").glob("*")}
        if wrong := sorted(aside - self._damaged):
            self._lose(f"checkpoints {wrong} were set aside, but nothing had damaged them")
            self._damaged |= aside

    def _read_alone(self) -> list[str]:
        """Lets a reader read the run while nobody writes, now and then, and looks at every file before and after."""
        if self._reader or not self._chance(0.15) or not self.folder.exists():
            return []
        without = ("evaluation.json",)
        before = folders.snapshot(self.folder, without)
        started = self._start_reader()
        self._end_reader()
        after = folders.snapshot(self.folder, without)
        if changed := sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)):
            self._lose(f"a reader ({started[0]}) changed {', '.join(changed)}")
        return [f"{started[0]} while nobody wrote"]

    def _start_reader(self) -> list[str]:
        if self._reader:
            return []
        kind = self._random.choice(READERS)
        out = self._workdir / "read" / "samples.png"
        words = {
            "sample": ("sample", self.folder, "--count", "4", "--out", out),
            "evaluate": ("evaluate", self.folder),
            "runs": ("runs", self._disk),
        }
        had = bool(saved_state.steps(self._checkpoints))
        self._reader = Reader(kind, Command(*words[kind]), had)
        return [f"a reader ({kind})"]

    def _end_reader(self) -> None:
        assert self._reader
        reader, self._reader = self._reader, None
        if not reader.command.finish():
            self._lose(f"a reader did not end: {reader.command.says()}")
        elif (how := reader.how_it_ended()) is None:
            self._lose(f"a reader failed: {reader.command.says()}")
        else:
            self._count("readers", f"{reader.kind}, {how}")

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _count(self, kind: str, what: str) -> None:
        self._tally.events[kind, what] += 1

    def _lose(self, what: str) -> None:
        self._tally.lose(f"{self.folder.name}: {what}")


def compare(undisturbed: Path, disturbed: Path, tally: Tally) -> None:
    """Compares two runs, and adds what differs to the losses."""
    rows = [folders.read_metrics(run) for run in (undisturbed, disturbed)]
    arrays = [saved_state.read(run / "checkpoints", STEPS)[0] for run in (undisturbed, disturbed)]
    losses = [
        *folders.metrics_differences(*rows),
        *folders.array_differences(*arrays),
        *folders.picture_differences(undisturbed / "samples", disturbed / "samples"),
    ]
    for loss in losses:
        tally.lose(f"{disturbed.name}: {loss}")
    numbers = sum(len(row) - 1 for row in rows[0])
    tally.events["compared", "runs"] += 1
    tally.events["compared", "rows of metrics"] += len(rows[0])
    tally.events["compared", "numbers of metrics"] += numbers
    tally.events["compared", "numbers of last checkpoints"] += sum(array.size for array in arrays[0].values())
    print(f"{disturbed.name}: {'the same as undisturbed' if not losses else 'not the same'}", flush=True)


def report(tally: Tally, seed: int) -> str:
    """Returns what has happened, a line for each kind of event."""
    lines = [f"seed {seed}: {tally.events['rounds', '']} rounds"]
    for kind in ("kills", "moments", "damages", "readers", "second writers", "compared"):
        counts = sorted((what, count) for (other, what), count in tally.events.items() if other == kind)
        lines.append(
            f"{kind} ({sum(c for _, c in counts)}): " + ", ".join(f"{what} {count:,}" for what, count in counts)
        )
    return "\n".join([*lines, f"losses: {len(tally.losses) or 'none'}", *(f"  {loss}" for loss in tally.losses)])


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))
