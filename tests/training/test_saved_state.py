"""Readers of checkpoints beside a run that writes them: they change nothing, and go on with a newer one."""

import re
import shutil
import threading

import numpy as np
import pytest

from gan_jax.common.errors import UserError
from gan_jax.training import saved_state
from gan_jax.training.checkpoints import Checkpoints

LIKE = {"a": np.zeros(3), "step": np.int32(0)}


def state(step):
    return {"a": np.full(3, step, float), "step": np.int32(step)}


@pytest.fixture
def folder(tmp_path):
    kept = Checkpoints(tmp_path / "checkpoints", 3)
    for step in (2, 4, 10):
        kept.save(step, state(step))
    kept.wait()
    kept.close()
    return tmp_path / "checkpoints"


def read(folder, step=None):
    return saved_state.restore_beside_a_writer(folder, step, lambda n: saved_state.restore(folder, n, LIKE))


def contents(folder):
    return {path: path.stat().st_mtime_ns for path in folder.parent.rglob("*")}


def damage(folder, step):
    (folder / str(step) / "default" / "_METADATA").write_text("{}")


def test_the_newest_checkpoint_or_that_of_a_step(folder):
    before = contents(folder)
    assert read(folder)["step"] == 10
    assert read(folder, 4)["step"] == 4
    with pytest.raises(UserError, match="has no checkpoint of step 5: it has 2, 4, 10"):
        read(folder, 5)
    assert contents(folder) == before


def test_a_damaged_checkpoint_is_passed_over_and_stays(folder):
    damage(folder, 10)
    before = contents(folder)
    assert read(folder)["step"] == 4
    with pytest.raises(UserError, match=r"checkpoint 10 is damaged \(default/_METADATA has changed"):
        read(folder, 10)
    assert contents(folder) == before


def test_all_damaged(folder):
    for step in (2, 4, 10):
        damage(folder, step)
    with pytest.raises(UserError, match=r"no checkpoint in .* can be read: checkpoint 2 is damaged"):
        read(folder)
    assert saved_state.steps(folder) == [2, 4, 10]


def test_none_yet(tmp_path):
    with pytest.raises(UserError, match="holds no checkpoint yet"):
        read(tmp_path / "checkpoints")
    assert not (tmp_path / "checkpoints").exists()


def test_a_checkpoint_that_is_deleted_while_it_is_read(folder):
    tried = []

    def use(step):
        tried.append(step)
        if step == 10:  # the run writes a newer one, and deletes this one
            kept = Checkpoints(folder, 3)
            kept.save(12, state(12))
            kept.wait()
            kept.close()
            shutil.rmtree(folder / "10" / "default")
        return saved_state.restore(folder, step, LIKE)

    assert saved_state.restore_beside_a_writer(folder, None, use)["step"] == 12
    assert tried == [10, 12]


def test_another_game_is_no_damage(folder):
    with pytest.raises(UserError, match=re.escape("is whole, but not of this game (it has no b)")):
        saved_state.restore_beside_a_writer(
            folder, None, lambda n: saved_state.restore(folder, n, {**LIKE, "b": np.zeros(1)})
        )


def test_reading_beside_a_run_that_saves_at_every_turn(folder):
    """The writer keeps one checkpoint, so nearly every one that is read has been deleted by then."""
    stop, failures = threading.Event(), []

    def write():
        kept, step = Checkpoints(folder, 1), 100
        try:
            while not stop.is_set():
                kept.save(step, state(step))
                step += 1
            kept.wait()
        except Exception as error:
            failures.append(error)
        finally:
            kept.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        steps = [int(read(folder)["step"]) for _ in range(15)]
    finally:
        stop.set()
        writer.join()
    assert not failures
    assert steps == sorted(steps)
    assert not (folder.parent / "damaged").exists()
