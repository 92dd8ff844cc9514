"""A run that goes on: with more steps, with changed settings or code, and what its history says of that."""

import json
import shutil
from pathlib import Path

import pytest
from support import tiny_gan
from support.command import assert_same_bits, checkpoint, gan_jax, metrics, refused

TINY = tiny_gan.__file__


@pytest.fixture
def run(trained_copy):
    return trained_copy


def config_of(run):
    return json.loads((run / "config.json").read_text())


def history(run):
    return [(entry["step"], entry["changed"]) for entry in config_of(run)["history"][1:]]


def test_an_extended_run_has_the_bits_of_a_longer_one(capsys, run, tmp_path):
    assert gan_jax(capsys, "train", TINY, "--steps", 4, "--workdir", run).out.startswith(f"{run} is complete")
    result = gan_jax(capsys, "train", TINY, "--steps", 8, "--workdir", run)
    assert result.status == 0, result.err
    assert "changed from step 4 on: steps: 4 -> 8" in result.out
    assert "depend on --steps" not in result.out
    assert config_of(run)["settings"]["steps"] == 8
    assert history(run) == [(4, {"steps": [4, 8]})]
    assert gan_jax(capsys, "train", TINY, "--workdir", tmp_path / "whole").status == 0
    assert metrics(run) == metrics(tmp_path / "whole")
    assert_same_bits(checkpoint(run, 8), checkpoint(tmp_path / "whole", 8))


def test_a_run_is_extended_by_its_folder_alone(capsys, run):
    result = gan_jax(capsys, "train", run, "--steps", 6, "--log-every", 3, "--keep", 1)
    assert result.status == 0, result.err
    assert [row["step"] for row in metrics(run)] == [1, 2, 3, 4, 6]
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["6"]
    assert history(run) == [(4, {"keep": [3, 1], "log_every": [1, 3], "steps": [4, 6]})]


def test_a_schedule_that_depends_on_the_steps_is_said_to(capsys, tmp_path):
    run = tmp_path / "run"
    assert gan_jax(capsys, "train", TINY, "--decay", "--steps", 4, "--workdir", run).status == 0
    result = gan_jax(capsys, "train", run, "--steps", 6)
    assert result.status == 0, result.err
    assert "from step 4 on, they are those of a run of 6 steps, not of 4" in result.out


def test_fewer_steps_than_it_has_trained_for(capsys, run):
    refused(gan_jax(capsys, "train", run, "--steps", 3), f"{run} has trained for 4 steps, more than --steps 3")


def test_a_changed_setting_is_refused_with_the_way_to_change_it(capsys, run):
    for arguments in (("train", TINY, "--workdir", run), ("train", run)):
        result = gan_jax(capsys, *arguments, "--steps", 6, "--learning-rate", 0.5)
        refused(result, "learning_rate is 0.01 there and 0.5 here", "--change learning_rate=0.5")
    assert config_of(run)["settings"]["steps"] == 4
    assert history(run) == []


@pytest.mark.parametrize("by", ["folder", "experiment"])
def test_a_setting_is_changed_on_purpose(capsys, run, by):
    arguments = ("train", run) if by == "folder" else ("train", TINY, "--workdir", run)
    arguments = (*arguments, "--steps", 6, "--change", "learning_rate=0.5", "flip=false")
    result = gan_jax(capsys, *arguments)
    assert result.status == 0, result.err
    assert "changed from step 4 on: learning_rate: 0.01 -> 0.5" in result.out
    assert history(run) == [(4, {"learning_rate": [0.01, 0.5], "steps": [4, 6]})]
    assert config_of(run)["settings"]["learning_rate"] == 0.5
    # The change has its effect: with Adam, a step moves a weight by about the learning rate.
    moved = _distance(checkpoint(run, 4), checkpoint(run, 6))
    assert moved > 0.2
    # The same command changes nothing more.
    assert "complete" in gan_jax(capsys, *arguments).out
    assert len(history(run)) == 1


def _distance(a, b):
    return max(abs(a[name] - b[name]).max() for name in a if name.startswith("['params']"))


def test_a_change_survives_a_resume_by_the_folder(capsys, run, tmp_path):
    assert gan_jax(capsys, "train", run, "--steps", 8, "--change", "learning_rate=0.5").status == 0
    whole = checkpoint(run, 8), metrics(run)
    shutil.rmtree(run / "checkpoints" / "8")
    result = gan_jax(capsys, "train", run)
    assert "at step 6 of 8" in result.out
    assert_same_bits(checkpoint(run, 8), whole[0])
    assert metrics(run) == whole[1]


@pytest.mark.parametrize(
    ("change", "words"),
    [("lerning_rate=1", "did you mean learning_rate?"), ("seed=3", "cannot change its seed"),
     ("learning_rate", "=VALUE"), ("learning_rate=fast", "fast"), ("flip=perhaps", "neither true nor false"),
     ("workdir=x", "cannot change")],
)  # fmt: skip
def test_what_cannot_be_changed(capsys, run, change, words):
    refused(gan_jax(capsys, "train", run, "--change", change), words)


def test_a_change_of_shapes_is_refused_and_changes_nothing(capsys, run):
    before = config_of(run)
    result = gan_jax(capsys, "train", run, "--steps", 6, "--change", "hidden=5")
    refused(result, "has the shape", "not of this game", status=1)
    assert config_of(run) == before


def test_code_is_changed_on_purpose_and_the_old_one_kept(capsys, run, tmp_path):
    changed = tmp_path / "tiny_gan.py"
    changed.write_text(Path(TINY).read_text().replace("b1=0.5", "b1=0.9"))
    arguments = ("train", changed, "--steps", 6, "--workdir", run)
    refused(gan_jax(capsys, *arguments), "the experiment's file has changed", "b1")
    result = gan_jax(capsys, *arguments, "--change", "code")
    assert result.status == 0, result.err
    assert (run / "experiment.py").read_text() == changed.read_text()
    assert (run / "history" / "step_00000004" / "experiment.py").read_text() == Path(TINY).read_text()
    ((step, said),) = history(run)
    assert step == 4
    assert said["code"][0] == "history/step_00000004"
    assert gan_jax(capsys, "train", run, "--steps", 8).status == 0


def test_the_words_of_the_start(capsys, tmp_path):
    result = gan_jax(capsys, "train", TINY, "--steps", 1, "--workdir", tmp_path / "run")
    for words in (
        "data: ring, 100,000 training and 10,000 held-out points of 2 numbers, 8 classes",
        "parameters: discriminator 17, generator 26",
        "devices: 1 x cpu, float32; state ",
        f"gan-jax train {tmp_path / 'run'} goes on",
    ):
        assert words in result.out, result.out


def test_a_dead_game_is_called_so_and_ends_with_status_1(capsys, tmp_path):
    run = tmp_path / "run"
    often = ("--log-every", 5, "--sample-every", 100, "--checkpoint-every", 100)
    result = gan_jax(capsys, "train", TINY, "--learning-rate", 1e3, "--steps", 300, *often, "--workdir", run)
    refused(result, "the game is dead at step", f"{run} is complete, and the game is dead: ", status=1)
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [row["dead"] for row in rows if "dead" in row]
    listed = gan_jax(capsys, "runs", tmp_path)
    assert " dead " in listed.out
