"""The chaos script notices what is lost: its comparisons differ where one bit does, and its damage is damage."""

import importlib.util
import json
from pathlib import Path
from random import Random

import numpy as np
import pytest

from gan_jax.training.checkpoints import Checkpoints
from gan_jax.training.metrics_file import read_rows

BENCHMARKS = Path(__file__).parents[1] / "experiments" / "benchmarks"


@pytest.fixture(scope="module")
def folders():
    spec = importlib.util.spec_from_file_location("chaos_folders", BENCHMARKS / "chaos_folders.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ROWS = [{"step": 1, "D_loss": 0.5, "accuracy": None}, {"step": 2, "D_loss": 0.0}, {"step": 2, "dead": "why"}]


def test_the_same_metrics_have_no_differences(folders):
    assert folders.metrics_differences(ROWS, json.loads(json.dumps(ROWS))) == []


@pytest.mark.parametrize(
    ("disturbed", "says"),
    [
        (
            [{**ROWS[0], "D_loss": np.nextafter(0.5, 1)}, *ROWS[1:]],
            "numbers that differ in metrics.jsonl: 1; first step 1",
        ),
        ([ROWS[0], {**ROWS[1], "D_loss": -0.0}, ROWS[2]], "D_loss is 0.0 undisturbed and -0.0 disturbed"),
        ([*ROWS[:2], {"step": 2, "dead": "other"}], "dead is why undisturbed and other disturbed"),
        ([ROWS[0]], "missing steps: 1 [2]"),
        (ROWS[:2], "rows of metrics.jsonl: 3 undisturbed and 2 disturbed"),
        ([*ROWS, {"step": 3}], "new steps: 1 [3]"),
    ],
)
def test_a_metric_that_differs_is_named(folders, disturbed, says):
    (loss,) = folders.metrics_differences(ROWS, disturbed)
    assert says in loss


def test_an_array_that_differs_in_a_bit_is_named(folders):
    there = {("params", "a"): np.zeros(3, np.float32), ("step",): np.int32(3)}
    assert folders.array_differences(there, {name: x.copy() for name, x in there.items()}) == []
    (loss,) = folders.array_differences(there, {**there, ("params", "a"): np.array([0, 0, -0.0], np.float32)})
    assert "params/a" in loss
    (loss,) = folders.array_differences(there, {**there, ("step",): np.int64(3)})
    assert "step is int32() undisturbed and int64() disturbed" in loss
    (loss,) = folders.array_differences(there, {("step",): np.int32(3)})
    assert loss == "only the undisturbed checkpoint has params/a"


@pytest.mark.parametrize("seed", range(4))
def test_damage_leaves_the_older_checkpoints(folders, tmp_path, seed):
    checkpoints = Checkpoints(tmp_path / "checkpoints", 3)
    for step in (1, 2):
        checkpoints.save(step, {"a": np.arange(100.0)})
        checkpoints.wait()
    checkpoints.close()
    assert folders.intact(tmp_path / "checkpoints") == [1, 2]
    folders.damage(tmp_path / "checkpoints" / "2", Random(seed))
    assert folders.intact(tmp_path / "checkpoints") == [1]


@pytest.mark.parametrize("seed", range(8))
def test_garbage_hides_no_row(folders, tmp_path, seed):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\n')
    folders.add_garbage(path, Random(seed))
    assert path.stat().st_size > len('{"step": 1}\n')
    assert read_rows(path) == [{"step": 1}]


def test_a_snapshot_sees_every_change(folders, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"1")
    before = folders.snapshot(tmp_path)
    (tmp_path / "evaluation.json").write_bytes(b"2")
    assert folders.snapshot(tmp_path, ("evaluation.json",)) == before
    (tmp_path / "a" / "b").write_bytes(b"3")
    assert folders.snapshot(tmp_path, ("evaluation.json",)) != before
