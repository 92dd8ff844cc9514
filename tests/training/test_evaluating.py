"""Evaluation while a run trains, and the checkpoint of its best state."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from support import tiny_gan
from support.command import assert_same_bits, checkpoint, gan_jax, metrics, refused, settle

from gan_jax.common.errors import UsageError
from gan_jax.training.best import Judgement
from gan_jax.training.experiment import load_experiment
from gan_jax.training.train import train

# What an evaluation finds at each step.
FOUND = {2: 5.0, 4: 3.0, 6: 4.0, 8: 3.5}


def evaluated(run, found=FOUND, higher=False, **settings):
    """Trains the tiny GAN with evaluations that find `found`, in this order. Returns how often it was evaluated."""
    experiment = load_experiment(Path(tiny_gan.__file__))
    chosen = {"evaluate_every": 2, "steps": max(found), "workdir": run, "keep": 4, **settings}
    values, seen = iter(found.values()), []

    def prepare(dataset, game):
        assert dataset.name == "ring"

        def evaluate(networks):
            seen.append(np.asarray(game.sample(networks, np.ones((1, 3), np.float32))))
            return Judgement({"distance": next(values), "recall": 0.5}, higher, {"count": 10})

        return evaluate

    train(experiment, experiment.config(**chosen), Console(quiet=True), evaluator=prepare)
    return len(seen)


def best(run) -> tuple[list[int], dict]:
    """The steps of the checkpoints in best/, and what is said of the best."""
    steps = sorted(int(path.name) for path in (run / "best").iterdir() if path.name.isdecimal())
    return steps, json.loads((run / "best" / "best.json").read_text())


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    run = tmp_path_factory.mktemp("whole") / "run"
    assert evaluated(run) == 4
    return run


def test_figures_join_the_metrics_of_their_step_and_the_best_checkpoint_is_kept(whole):
    rows = [row for row in metrics(whole) if "evaluation/distance" in row]
    assert {row["step"]: row["evaluation/distance"] for row in rows} == FOUND
    assert all(row["evaluation/recall"] == 0.5 and "generator_loss" in row for row in rows)
    steps, record = best(whole)
    assert steps == [4] == [record["step"]]
    assert (record["figure"], record["value"]) == ("distance", 3.0)
    assert_same_bits(checkpoint(whole, 4, "best"), checkpoint(whole, 4))


def test_of_shares_the_highest_is_the_best(tmp_path):
    evaluated(tmp_path / "run", {2: 0.1, 4: 0.4, 6: 0.4, 8: 0.3}, higher=True)
    assert best(tmp_path / "run")[0] == [4]


def test_a_run_that_is_resumed_knows_the_best_and_ends_in_the_same_bits(whole, tmp_path):
    run = tmp_path / "run"
    assert evaluated(run, {2: 5.0, 4: 3.0}) == 2
    assert evaluated(run, {6: 4.0, 8: 3.5}) == 2
    assert best(run) == best(whole)
    assert metrics(run) == metrics(whole)
    assert_same_bits(checkpoint(run, 8), checkpoint(whole, 8))


def test_what_was_best_after_the_last_checkpoint_is_judged_again(whole, tmp_path):
    run = settle(shutil.copytree(whole, tmp_path / "run"))
    for step in (4, 6, 8):  # killed before any of these was whole, and after best/4 was
        shutil.rmtree(run / "checkpoints" / str(step))
    assert evaluated(run, {4: 3.0, 6: 4.0, 8: 3.5}) == 3
    assert best(run) == best(whole)
    assert metrics(run) == metrics(whole)


def test_figures_of_other_settings_are_not_compared(whole, tmp_path):
    run = settle(shutil.copytree(whole, tmp_path / "run"))
    record = json.loads((run / "best" / "best.json").read_text())
    (run / "best" / "best.json").write_text(json.dumps({**record, "settings": {"count": 20}}))
    evaluated(run, {10: 9.0})
    assert best(run)[0] == [10]


def test_evaluations_do_not_change_the_training(whole, tmp_path):
    evaluated(tmp_path / "run", {8: 0.0}, evaluate_every=0)
    assert not (tmp_path / "run" / "best").exists()
    assert_same_bits(checkpoint(tmp_path / "run", 8), checkpoint(whole, 8))


def test_what_cannot_be_evaluated_is_refused_before_training(tmp_path):
    def prepare(dataset, game):
        raise UsageError("no")

    experiment = load_experiment(Path(tiny_gan.__file__))
    with pytest.raises(UsageError, match="no"):
        train(
            experiment,
            experiment.config(evaluate_every=2, workdir=tmp_path / "run"),
            Console(quiet=True),
            evaluator=prepare,
        )
    assert not (tmp_path / "run" / "metrics.jsonl").exists()


def test_the_command_evaluates_as_gan_jax_evaluate_does_and_reads_the_best(tmp_path, capsys):
    run = tmp_path / "run"
    result = gan_jax(
        *(capsys, "train", tiny_gan.__file__, "--steps", 4, "--workdir", run),
        *("--evaluate-every", 2, "--evaluate-samples", 50),
    )
    assert result.status == 0, result.err
    assert "step 2: modes covered" in result.out
    ((step,), record) = best(run)
    result = gan_jax(capsys, "evaluate", run, "--checkpoint", "best", "--samples", 50)
    assert result.status == 0, result.err
    found = json.loads((run / "evaluation.json").read_text())
    assert (found["step"], found["modes_covered"]) == (step, record["value"])
    (row,) = (row for row in metrics(run) if row["step"] == step)
    assert {name: row[f"evaluation/{name}"] for name in found["measures"]} == {
        name: found[name] for name in found["measures"]
    }
    sampled = gan_jax(capsys, "sample", run, "--checkpoint", "best", "--out", tmp_path / "samples.png")
    assert f"samples of step {step}" in sampled.out


def test_a_run_without_a_best_checkpoint_and_wrong_settings_are_refused(trained, capsys):
    refused(
        gan_jax(capsys, "sample", trained, "--checkpoint", "best"), "no best checkpoint: --evaluate-every", status=1
    )
    refused(gan_jax(capsys, "train", tiny_gan.__file__, "--evaluate-every", -1), "--evaluate-every must be at least 0")
    refused(
        gan_jax(capsys, "train", tiny_gan.__file__, "--evaluate-samples", 0), "--evaluate-samples must be at least 1"
    )
    refused(gan_jax(capsys, "sweep", tiny_gan.__file__, "--evaluate-every", 2), "--evaluate-every: a sweep cannot")
