"""gan-jax sweep: many runs in one program, and what it leaves behind."""

import json
import math
import shutil
import signal

import jax
import numpy as np
import pytest
from command import (
    DIGITS,
    SMALL,
    assert_same_bits,
    checkpoint,
    finish,
    gan_jax,
    interrupt,
    metrics,
    poisoned,
    refused,
    start,
)
from PIL import Image

VARY = ("--vary", "learning_rate=1e-4,1e-3")
NAMES = [f"seed={seed},learning_rate={rate}" for rate in ("0.0001", "0.001") for seed in (5, 6)]
EVERY = ("--checkpoint-every", 5, "--log-every", 2, "--sample-every", 3)
LENGTH = ("--steps", 12, *EVERY)


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    """With a classifier of few steps, which other tests shall not find in their cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_JAX_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr("gan_jax.metrics.classifier._FEWEST_STEPS", 100)
        patch.setattr("gan_jax.metrics.classifier._MOST_STEPS", 100)
        yield


@pytest.fixture
def unlabelled(tmp_path):
    """Images that cannot be evaluated, which saves time."""
    path = tmp_path / "images.npz"
    np.savez(path, images=np.random.default_rng(0).integers(0, 256, (60, 8, 8, 1), np.uint8))
    return ("--dataset", f"npz:{path}")


def test_a_sweep_from_the_command_to_its_members(capsys, tmp_path):
    sweep = tmp_path / "sweep"
    command = ("sweep", DIGITS, *SMALL, *LENGTH, *VARY, "--seeds", 2, "--seed", 5, "--workdir", sweep)
    result = gan_jax(capsys, *command)
    assert result.status == 0, result.err

    # The folder.
    config = json.loads((sweep / "config.json").read_text())
    assert config["sweep"] == {"seeds": 2, "vary": {"learning_rate": [1e-4, 1e-3]}}
    assert config["settings"]["width"] == 4
    rows = metrics(sweep)
    lines = [(step, i) for step in (2, 3, 4, 6, 8, 9, 10, 12) for i in range(4)]
    assert [(row["step"], row["member"]) for row in rows] == lines
    measures = {"accuracy_held_out", "accuracy_fake"}
    assert all(measures & row.keys() == (measures if row["step"] % 3 == 0 else set()) for row in rows)
    assert sorted(path.name for path in (sweep / "members").iterdir()) == sorted(NAMES)
    with Image.open(sweep / "sweep.png") as picture:
        assert picture.size[0] > 1000

    # Every number of the table is that of the members.
    results = json.loads((sweep / "results.json").read_text())
    assert [member["name"] for member in results["members"]] == NAMES
    for member in results["members"]:
        evaluation = json.loads((sweep / "members" / member["name"] / "evaluation.json").read_text())
        for name in ("frechet_ratio", "precision", "recall"):
            assert member[name] == evaluation[name]
        last = [row for row in rows if row["member"] == NAMES.index(member["name"])][-1]
        assert member["generator_loss"] == last["generator_loss"]
    first = results["combinations"][0]["measures"]["frechet_ratio"]
    a, b = (member["frechet_ratio"] for member in results["members"][:2])
    assert first["mean"] == pytest.approx((a + b) / 2)
    assert first["deviation"] == pytest.approx(abs(a - b) / math.sqrt(2))
    assert f"{first['mean']:.3g} ± {first['deviation']:.3g}" in (sweep / "table.md").read_text()
    assert f"{first['mean']:.3g} ± {first['deviation']:.3g}" in result.out

    # A member is a run: what `train` would have made, to sample, to evaluate, and to go on with.
    member = sweep / "members" / NAMES[3]
    train = ("train", DIGITS, *SMALL, *EVERY, "--seed", 6, "--learning-rate", 1e-3)
    alone = tmp_path / "alone"
    assert gan_jax(capsys, *train, "--steps", 16, "--workdir", alone).status == 0
    assert_close(metrics(member), metrics(alone)[:8])
    assert gan_jax(capsys, "sample", member, "--count", 4, "--out", tmp_path / "grid.png").status == 0
    before = (member / "evaluation.json").read_bytes()
    assert gan_jax(capsys, "evaluate", member).status == 0
    assert (member / "evaluation.json").read_bytes() == before
    assert "complete" in gan_jax(capsys, *train, "--steps", 12, "--workdir", member).out
    config = json.loads((member / "config.json").read_text())
    config["settings"]["steps"] = 16
    (member / "config.json").write_text(json.dumps(config))
    result = gan_jax(capsys, *train, "--steps", 16, "--workdir", member)
    assert "at step 12 of 16" in result.out, result.err
    assert_close(metrics(member), metrics(alone))
    here, there = checkpoint(member, 16), checkpoint(alone, 16)
    assert here.keys() == there.keys()
    for name in here:
        # Sixteen steps of Adam at 1e-3 may move a weight, where its gradient is all rounding, by 1.6e-2 at most.
        np.testing.assert_allclose(here[name], there[name], rtol=1e-3, atol=1e-3, err_msg=name)

    # Again: it is complete. What is not this sweep is refused, by name.
    stamps = {path: path.stat().st_mtime_ns for path in sweep.rglob("*") if path.is_file()}
    assert "is complete" in gan_jax(capsys, *command).out
    assert {path: path.stat().st_mtime_ns for path in sweep.rglob("*") if path.is_file()} == stamps
    refused(gan_jax(capsys, *command, "--seeds", 3, "--width", 8), "seeds is 2 there and 3 here", "width is 4 there")
    refused(gan_jax(capsys, *command[:-1], member), "holds a single run, and this is a sweep")
    refused(gan_jax(capsys, *train, "--steps", 12, "--workdir", sweep), "holds a sweep, and this is a single run")
    for name in ("sample", "evaluate"):
        refused(gan_jax(capsys, name, sweep), "is a sweep", "members")

    # A sweep that ended while it wrote its results finishes them, and keeps what is there.
    results = (sweep / "results.json").read_text()
    (sweep / "results.json").unlink()
    (sweep / "members" / NAMES[0] / "config.json").unlink()
    kept = (sweep / "members" / NAMES[1] / "config.json").stat().st_mtime_ns
    assert gan_jax(capsys, *command).status == 0
    assert (sweep / "results.json").read_text() == results
    assert (sweep / "members" / NAMES[1] / "config.json").stat().st_mtime_ns == kept


def assert_close(rows, others):
    assert [row.keys() for row in rows] == [row.keys() for row in others]
    for row, other in zip(rows, others, strict=True):
        for name in row:
            # One image about which rounding makes up D's mind the other way counts as much as its share.
            near = 1 / 16 if name.startswith("accuracy") else 0
            assert row[name] == pytest.approx(other[name], rel=1e-4, abs=near), name


def test_interrupted_and_killed_it_ends_in_the_same_bits(tmp_path, unlabelled):
    command = ("sweep", DIGITS, *SMALL, *unlabelled, *VARY, "--seeds", 2, "--steps", 300, "--checkpoint-every", 40)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    result = finish(start(*command, "--workdir", whole))
    assert result.status == 0, result.err
    assert "not evaluated" in result.out

    def interrupted(number, at_line):
        return interrupt(start(*command, "--workdir", broken), broken, number, at_line)

    moment = int(np.random.default_rng().integers(4, 400))
    result = interrupted(signal.SIGINT, moment)
    assert result.status == 130, (moment, result.err)
    assert "SIGINT: saved at step" in result.out
    assert "Traceback" not in result.err
    assert interrupted(signal.SIGKILL, moment + 400).status == -signal.SIGKILL
    result = finish(start(*command, "--workdir", broken))
    assert result.status == 0, (moment, result.err)
    assert "resuming" in result.out
    assert metrics(broken) == metrics(whole)
    assert len(metrics(whole)) == 4 * 300
    assert_same_bits(checkpoint(broken, 300), checkpoint(whole, 300))
    for name in ("results.json", "table.md"):
        assert (broken / name).read_text() == (whole / name).read_text()


BAD = "(state.step == 6) & (config.seed >= {}) & (config.learning_rate > 5e-4)"


def test_a_member_that_fails_is_counted_and_stops_no_other(capsys, tmp_path, unlabelled):
    experiment, sweep = poisoned(tmp_path, BAD.format(1)), tmp_path / "sweep"
    command = ("sweep", experiment, *SMALL, *unlabelled, *VARY, "--seeds", 2)
    result = gan_jax(capsys, *command, *LENGTH, "--workdir", sweep)
    refused(result, "the loss of the generator became nan at step 7", "1 of 2", status=0)
    failed, bad = "seed=1,learning_rate=0.001", 3
    results = json.loads((sweep / "results.json").read_text())
    assert [member["name"] for member in results["members"] if member["failed"]] == [failed]
    assert "generator_loss" not in results["members"][bad]
    measures = results["combinations"][1]["measures"]
    assert measures["generator_loss"]["mean"] == results["members"][2]["generator_loss"]
    assert measures["generator_loss"]["deviation"] is None
    assert f"{failed} failed" in (sweep / "table.md").read_text()
    assert "| 0.001 | 1 of 2 |" in (sweep / "table.md").read_text()
    assert sorted(path.name for path in (sweep / "members").iterdir()) == sorted(
        member["name"] for member in results["members"] if member["name"] != failed
    )
    rows = metrics(sweep)
    assert [row["step"] for row in rows if row["member"] == 0] == [2, 3, 4, 6, 8, 9, 10, 12]
    assert [row["step"] for row in rows if row["member"] == bad] == [2, 3, 4, 6, 7]

    experiment = poisoned(tmp_path, BAD.format(0))
    command = (*command, "--vary", "ema=0.9", "--workdir", tmp_path / "all")
    command = tuple("learning_rate=1e-3,2e-3" if word == VARY[1] else word for word in command)
    result = gan_jax(capsys, *command, *LENGTH)
    refused(result, "every member has failed", "seed=1,learning_rate=0.002,ema=0.9", "at step 7", status=1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--vary", "lerning_rate=1e-4"], ["'lerning_rate'", "did you mean learning_rate?"]),
     (["--vary", "width=8,16"], ["width", "int", "compiled program", "learning_rate, ema"]),
     (["--vary", "batch_size=8,16"], ["batch_size", "int"]), (["--vary", "flip=0,1"], ["flip", "bool"]),
     (["--vary", "dataset=digits"], ["dataset", "str"]), (["--vary", "seed=1,2"], ["--seeds"]),
     (["--vary", "learning_rate=1e-4,fast"], ["'fast' is not a number", "learning_rate=V1,V2"]),
     (["--vary", "learning_rate=nan"], ["'nan' is not a number"]),
     (["--vary", "learning_rate"], ["a value is missing"]), (["--vary", "learning_rate="], ["a value is missing"]),
     (["--vary", "learning_rate=1,,2"], ["a value is missing"]),
     (["--vary", "learning_rate=1e-4,0.0001"], ["0.0001 is given twice"]),
     (["--vary", "ema=0.9", "--vary", "ema=0.99"], ["ema is given twice"]),
     (["--vary", "ema=0.9", "learning_rate=x"], ["'x' is not a number"]),
     (["--seeds", "0"], ["--seeds must be at least 1, not 0"]), (["--seed", "3000000000"], ["2147483647"]),
     (["--sead", "1"], ["--sead", "--seed"]), (["--resolution", "20"], ["8, 16, 32, 64 or 128, not 20"])],
)  # fmt: skip
def test_what_cannot_be_swept_over(capsys, tmp_path, arguments, words):
    refused(gan_jax(capsys, "sweep", DIGITS, *arguments, "--workdir", tmp_path / "sweep"), *words)
    assert not (tmp_path / "sweep").exists()


BRANCHING = """
from dcgan_digits import Config, build as build_dcgan

def build(config, data):
    if config.learning_rate > 1:
        raise ValueError("a learning rate of {config.learning_rate} is too high")
    return build_dcgan(config, data)
"""


def test_a_recipe_that_looks_at_a_value(capsys, tmp_path):
    shutil.copy(DIGITS, tmp_path)
    experiment = tmp_path / "branching.py"
    experiment.write_text(BRANCHING)
    command = ("sweep", experiment, *SMALL, "--workdir", tmp_path / "sweep", "--seeds", 2, "--vary", "ema=0.9,0.99")
    result = gan_jax(capsys, *command, "learning_rate=1e-4,1e-3")
    refused(result, "branching.py cannot be trained for all values of learning_rate at once", "one run after the other")
    refused(gan_jax(capsys, *command, "learning_rate=1e-4,2"), "is too high")
    assert not (tmp_path / "sweep").exists()


def test_members_that_the_devices_do_not_divide(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(jax, "local_device_count", lambda: 4)
    command = ("sweep", DIGITS, *VARY, "--seeds", 3, "--workdir", tmp_path / "sweep")
    refused(gan_jax(capsys, *command), "6 members", "4 devices")


def test_several_processes(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    refused(gan_jax(capsys, "sweep", DIGITS, "--workdir", tmp_path / "sweep"), "one process", "one of 2")


def test_images_that_do_not_fit_in_memory(capsys, tmp_path, monkeypatch):
    from gan_jax import sweeping
    from gan_jax.data import load

    for i in range(8):
        (tmp_path / "images").mkdir(exist_ok=True)
        Image.fromarray(np.full((8, 8), i, np.uint8)).save(tmp_path / "images" / f"{i}.png")
    monkeypatch.setattr(sweeping, "load", lambda spec, **options: load(spec, **options, memory_limit=0))
    command = ("sweep", DIGITS, "--dataset", f"folder:{tmp_path / 'images'}", "--workdir", tmp_path / "sweep")
    refused(gan_jax(capsys, *command), "does not fit in memory")


def test_help(capsys):
    refused(gan_jax(capsys, "sweep", DIGITS, "--help"), "--seeds INT", "--vary NAME=V1,V2", "--width INT", status=0)
    refused(gan_jax(capsys, "sweep", "--help"), "--seeds INT", "--steps INT", status=0)
    refused(gan_jax(capsys, "--help"), "sweep EXPERIMENT.py", status=0)
