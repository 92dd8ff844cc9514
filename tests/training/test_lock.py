"""A run folder has one writer, which the lock names, and which loses it however it ends."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from support import tiny_gan
from support.command import finish, gan_jax, metrics, refused, start

from gan_jax.common.errors import UsageError
from gan_jax.training.lock import holder, writing
from gan_jax.training.saved_state import steps

HOLD = """
import sys, time
from pathlib import Path
from gan_jax.training.lock import writing
with writing(Path(sys.argv[1])):
    (Path(sys.argv[1]) / "work").touch()
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def held(tmp_path):
    """A folder, and another process that writes to it."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "run")], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield tmp_path / "run", process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_writer_is_told_who_the_first_is(held):
    folder, process = held
    said = rf"is being written by process {process.pid} on .* since .* \(-c "
    with pytest.raises(UsageError, match=said), writing(folder):
        pass
    assert f"process {process.pid} on " in (holder(folder) or "")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_lock_is_free_however_its_holder_ends(held, number):
    folder, process = held
    process.send_signal(number)
    process.wait()
    assert holder(folder) is None
    with writing(folder):
        assert holder(folder) is not None


def test_asking_takes_no_lock(tmp_path):
    with writing(tmp_path / "run"):
        pass
    assert holder(tmp_path / "run") is None
    with writing(tmp_path / "run"):
        assert json.loads((tmp_path / "run" / "lock").read_text())["process"] == os.getpid()


def test_a_folder_in_which_nothing_was_written_is_gone(tmp_path):
    with writing(tmp_path / "new" / "run"):
        assert (tmp_path / "new" / "run").is_dir()
    assert not (tmp_path / "new" / "run").exists()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "file").touch()
    with writing(tmp_path / "old"):
        pass
    assert (tmp_path / "old" / "file").exists()


def test_a_lock_that_was_deleted_before_it_was_taken_is_made_again(tmp_path, monkeypatch):
    from gan_jax.training import lock

    acquire, seen = lock._acquire, []

    def late(file, folder, shared=False):
        if not seen:
            (folder / "lock").unlink()  # as a writer does that ends just now
        seen.append(file)
        return acquire(file, folder, shared)

    monkeypatch.setattr(lock, "_acquire", late)
    with writing(tmp_path / "run"):
        assert len(seen) == 2
        with pytest.raises(UsageError, match="is being written"), writing(tmp_path / "run"):
            pass


@pytest.mark.slow
def test_two_trainings_of_one_folder(capsys, tmp_path):
    """The second is refused, and the first loses nothing."""
    run = tmp_path / "run"
    first = start("train", tiny_gan.__file__, "--steps", 1_000_000, "--workdir", run)
    deadline = time.monotonic() + 100
    while not (run / "metrics.jsonl").exists():
        assert first.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    for kind in ("train", "sweep"):
        refused(
            gan_jax(capsys, kind, tiny_gan.__file__, "--workdir", run),
            f"{run} is being written by process {first.pid}",
            "--workdir",
        )
    first.send_signal(signal.SIGTERM)
    assert finish(first).status == 0
    (*_, stopped) = steps(run / "checkpoints")
    assert [row["step"] for row in metrics(run)] == list(range(1, stopped + 1))
