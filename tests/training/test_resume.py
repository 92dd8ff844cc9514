"""A run that was interrupted, however it was, ends in the bits of one that was not."""

import signal

import numpy as np
import pytest
from support.command import DIGITS, SMALL, assert_same_bits, checkpoint, finish, gan_jax, interrupt, metrics, start

pytestmark = pytest.mark.slow

TRAIN = ("train", DIGITS, *SMALL, "--steps", 300, "--checkpoint-every", 40, "--sample-every", 100)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The run without interruption."""
    run = tmp_path_factory.mktemp("whole") / "run"
    result = finish(start(*TRAIN, "--workdir", run))
    assert result.status == 0, result.err
    return run


def _interrupt(run, number, at_line):
    return interrupt(start(*TRAIN, "--workdir", run), run, number, at_line)


def test_killed_at_a_random_moment(whole, tmp_path):
    run = tmp_path / "run"
    moment = int(np.random.default_rng().integers(1, 250))
    assert _interrupt(run, signal.SIGKILL, moment).status == -signal.SIGKILL, moment
    # Whether the kill came before the first checkpoint or between two, the same command goes on.
    result = finish(start(*TRAIN, "--workdir", run))
    assert result.status == 0, (moment, result.err)
    assert metrics(run) == metrics(whole), moment
    assert_same_bits(checkpoint(run, 300), checkpoint(whole, 300))


def test_sigterm_saves_and_ends_cleanly(whole, tmp_path):
    run = tmp_path / "run"
    result = _interrupt(run, signal.SIGTERM, 60)
    assert result.status == 0, result.err
    assert "SIGTERM: saved at step" in result.out
    stopped = max(int(path.name) for path in (run / "checkpoints").iterdir())
    assert 60 <= stopped < 300
    assert metrics(run) == metrics(whole)[:stopped]

    result = finish(start(*TRAIN, "--workdir", run))
    assert result.status == 0, result.err
    assert f"resuming {run} at step {stopped} of 300" in result.out
    assert metrics(run) == metrics(whole)
    assert_same_bits(checkpoint(run, 300), checkpoint(whole, 300))


def test_control_c_saves_too(tmp_path):
    run = tmp_path / "run"
    result = _interrupt(run, signal.SIGINT, 50)
    assert result.status == 130
    assert "Traceback" not in result.err
    assert max(int(path.name) for path in (run / "checkpoints").iterdir()) >= 50


@pytest.mark.parametrize("damage", ["truncated", "missing", "flipped"])
def test_a_damaged_checkpoint_is_left_for_the_one_before(damage, tmp_path, capsys, caplog):
    run = tmp_path / "run"
    arguments = (*SMALL, "--steps", 6, "--checkpoint-every", 2, "--steps-per-call", 1)
    assert gan_jax(capsys, "train", DIGITS, *arguments, "--workdir", run).status == 0
    before, rows = checkpoint(run, 6), metrics(run)
    files = (run / "checkpoints" / "6" / "default" / "ocdbt.process_0" / "d").iterdir()
    largest = max(files, key=lambda path: path.stat().st_size)
    data = largest.read_bytes()
    if damage == "missing":
        largest.unlink()
    else:
        middle = len(data) // 2
        flipped = bytes([data[middle] ^ 1]) + data[middle + 1 :]
        largest.write_bytes(data[:middle] + (b"" if damage == "truncated" else flipped))

    result = gan_jax(capsys, "train", DIGITS, *arguments, "--workdir", run)
    assert result.status == 0, result.err
    assert "checkpoint 6 is damaged" in caplog.text
    assert "at step 4 of 6" in result.out
    assert metrics(run) == rows
    assert_same_bits(checkpoint(run, 6), before)
