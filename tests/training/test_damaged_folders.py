"""Run folders that were damaged, moved or made up: each is refused, or its loss is said, in one line."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from support import tiny_gan
from support.command import DIGITS, SMALL, gan_jax, metrics, refused, settle

TINY = tiny_gan.__file__


@pytest.fixture
def run(trained_copy):
    return trained_copy


def damage(run, *steps):
    for step in steps:
        (run / "checkpoints" / str(step) / "default" / "_METADATA").write_text("{}")


def contents(run):
    return {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != "lock"}


def both(capsys, run):
    """What training and sampling say."""
    return (
        gan_jax(capsys, "train", TINY, "--steps", 6, "--workdir", run),
        gan_jax(capsys, "sample", run, "--out", run.parent / "samples.png"),
    )


def test_a_run_of_which_all_checkpoints_are_damaged_is_not_begun_anew(capsys, run):
    damage(run, 2, 4)
    before = contents(run)
    for result in both(capsys, run):
        refused(result, "checkpoint 2 is damaged", "checkpoint 4 is damaged", status=1)
    assert contents(run) == before


def test_a_reader_leaves_a_damaged_checkpoint_and_the_run_sets_it_aside(capsys, run, caplog):
    damage(run, 4)
    before = contents(run)
    result = gan_jax(capsys, "sample", run, "--out", run.parent / "samples.png")
    assert "step 2" in result.out
    assert contents(run) == before
    rows = metrics(run)
    result = gan_jax(capsys, "train", TINY, "--steps", 4, "--workdir", run)
    assert "resuming" in result.out
    assert "checkpoint 4 is damaged" in caplog.text
    assert metrics(run) == rows
    assert (run / "damaged" / "4").is_dir()


def test_a_run_whose_checkpoints_are_gone_says_that_it_starts_anew(capsys, run):
    shutil.rmtree(run / "checkpoints")
    result = gan_jax(capsys, "train", TINY, "--steps", 4, "--workdir", run)
    assert f"{run} holds no checkpoint: it trains from the start" in result.out


@pytest.mark.parametrize("kind", ["train", "sweep"])
def test_checkpoints_without_a_configuration_are_not_taken_into_a_new_run(capsys, run, kind):
    (run / "config.json").unlink()
    before = contents(run)
    result = gan_jax(capsys, kind, TINY, "--steps", 6, "--workdir", run)
    refused(result, "has no config.json, but checkpoints and metrics.jsonl of a run", "--workdir")
    refused(gan_jax(capsys, "sample", run), "is not a run: it has no config.json")
    assert contents(run) == before


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "cannot read"), ("{}", "it has no 'experiment'"), ("[]", "it is no object"), ("3", "it is no object"),
     ('{"experiment": 1, "path": "", "settings": {}, "data": {}}', "'experiment' is not a text"),
     ('{"experiment": "e", "path": "e.py", "settings": [], "data": {}}', "'settings' is not an object"),
     ('{"experiment": "e", "path": "e.py", "settings": {}, "data": {}, "format": 99}', "newer version"),
     ('{"experiment": "e", "path": "e.py", "settings": {}, "data": {}, "modules": ["../x.py"]}', "a module outside"),
     ('{"experiment": "e", "path": "e.py", "settings": {}, "data": {}, "modules": ["/x.py"]}', "a module outside"),
     ('{"experiment": "e", "path": "e.py", "settings": {}, "data": {}, "history": {}}', "'history' is not a list")],
)  # fmt: skip
def test_what_is_no_configuration(capsys, run, text, words):
    (run / "config.json").write_text(text)
    for result in both(capsys, run):
        refused(result, "config.json", words)


@pytest.mark.parametrize("data", [{}, {"example_shape": 3, "classes": []}, {"example_shape": ["x"], "classes": []}])
def test_data_that_are_none(capsys, run, data):
    settle(run, data=data)
    refused(gan_jax(capsys, "sample", run), "does not describe its data")


@pytest.mark.parametrize(
    "values", [{"steps": "many"}, {"flip": 1}, {"precision": "float8"}, {"layers": ["a"]}, {"no_such": 1}]
)
def test_settings_that_are_none(capsys, run, values):
    settings = json.loads((run / "config.json").read_text())["settings"]
    settle(run, settings=settings | values)
    refused(gan_jax(capsys, "sample", run), next(iter(values)))


@pytest.mark.parametrize("name", ["experiment.py"])
def test_code_that_is_gone(capsys, run, name):
    (run / name).unlink()
    for result in both(capsys, run):
        refused(result, f"{run} does not keep the code of its run: {name}: No such file")


def test_modules_that_are_gone(capsys, tmp_path):
    (tmp_path / "helper.py").write_text("RATE = 1e-2\n")
    mine = tmp_path / "mine.py"
    mine.write_text("from helper import RATE\n" + Path(TINY).read_text().replace("1e-2", "RATE"))
    run = tmp_path / "run"
    assert gan_jax(capsys, "train", mine, "--steps", 2, "--workdir", run).status == 0
    shutil.rmtree(run / "modules")
    refused(gan_jax(capsys, "train", mine, "--steps", 4, "--workdir", run), "modules/helper.py: No such file")
    refused(gan_jax(capsys, "sample", run), "helper")


def moved(run):
    run.rename(run.with_name("moved"))
    return run.with_name("moved")


def test_a_moved_run_is_trusted_on_request_only(capsys, run):
    away = moved(run)
    out = ("--out", run.parent / "samples.png")
    for command in (("sample", away, *out), ("train", away, "--steps", 6)):
        result = gan_jax(capsys, *command)
        refused(result, f"{away} comes from elsewhere: it was written in {run}", "runs the code in it", "--trust")
        assert gan_jax(capsys, *command, "--trust").status == 0
    # It has been trained where it is now, so it is no longer from elsewhere.
    assert gan_jax(capsys, "sample", away, *out).status == 0


def test_a_moved_run_goes_on_with_ones_own_experiment(capsys, run):
    away = moved(run)
    assert gan_jax(capsys, "train", TINY, "--steps", 6, "--workdir", away).status == 0
    assert gan_jax(capsys, "sample", away, "--out", run.parent / "samples.png").status == 0


def test_a_run_of_another_user(capsys, run, monkeypatch):
    owner = (run / "config.json").stat().st_uid
    monkeypatch.setattr("os.getuid", lambda: owner + 1)
    refused(gan_jax(capsys, "sample", run), f"it belongs to another user, of number {owner}")


def test_evaluations_of_other_seeds_and_steps_are_kept(capsys, run):
    def figures():
        return json.loads((run / "evaluation.json").read_text())

    for seed in (1, 2, 1):
        assert gan_jax(capsys, "evaluate", run, "--seed", seed).status == 0
    first = figures()
    assert (first["seed"], first["step"]) == (1, 4)
    assert [(each["seed"], each["step"]) for each in first["others"]] == [(2, 4)]
    assert gan_jax(capsys, "train", TINY, "--steps", 6, "--workdir", run).status == 0
    assert gan_jax(capsys, "evaluate", run).status == 0
    others = figures().pop("others")
    assert [(each["seed"], each["step"]) for each in others] == [(1, 4), (2, 4)]
    assert {name: first[name] for name in first if name != "others"} == others[0]


@pytest.mark.slow
def test_data_that_were_replaced_are_refused_and_taken_on_request(capsys, tmp_path):
    run, file = tmp_path / "run", tmp_path / "data.npz"
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), np.uint8)
    arguments = ("train", DIGITS, *SMALL, "--dataset", f"npz:{file}", "--checkpoint-every", 1, "--workdir", run)

    def write(labels):
        np.savez(file, images=images, labels=labels)

    write(np.arange(40) % 2)
    assert gan_jax(capsys, *arguments, "--steps", 1).status == 0
    write(np.arange(40) // 20)
    before = contents(run)
    result = gan_jax(capsys, *arguments, "--steps", 2)
    refused(result, "was trained on other data", "its training labels have changed", f"--change dataset=npz:{file}")
    assert contents(run) == before
    result = gan_jax(capsys, *arguments, "--steps", 2, "--change", f"dataset=npz:{file}")
    assert result.status == 0, result.err
    assert "changed from step 1 on: data: " in result.out
    # The same data in another place are the same data.
    moved = file.rename(tmp_path / "moved.npz")
    result = gan_jax(capsys, *arguments, "--steps", 3, "--change", f"dataset=npz:{moved}")
    assert result.status == 0, result.err
    assert "changed from step 2 on: dataset: " in result.out
    assert "changed from step 2 on: data: " not in result.out
