"""What run folders say of themselves, by their files alone."""

import json
import os

import pytest

from gan_jax.common.errors import UsageError
from gan_jax.training.comparison import compare_runs
from gan_jax.training.lock import writing
from gan_jax.training.summary import age, find, last_losses, summarize

LINE = '{"step": %d, "generator_loss": 0.5, "discriminator_loss": %s}\n'


def make(folder, step=None, rows="", evaluation=None, sweep=None, **settings):
    """A run folder with a checkpoint at `step`, as training and evaluation write it."""
    folder.mkdir(parents=True)
    config = {
        "experiment": "dcgan", "path": "/x/dcgan.py", "modules": [],
        "data": {"example_shape": [8, 8, 1], "classes": []},
        "settings": {"dataset": "digits", "steps": 100, "width": 8, **settings}, "versions": {"jax": "0.10.2"},
        "devices": ["TFRT_CPU_0"], "device_kind": "cpu",
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config if sweep is None else {**config, "sweep": sweep}))
    (folder / "experiment.py").write_text("code")
    if step is not None:
        (folder / "checkpoints" / str(step)).mkdir(parents=True)
        (folder / "checkpoints" / f"{step + 5}.orbax-checkpoint-tmp-1").mkdir()  # one that was being written
    if rows:
        (folder / "metrics.jsonl").write_text(rows)
    if evaluation:
        (folder / "evaluation.json").write_text(json.dumps(evaluation))
    return folder


def state(folder):
    summary = summarize(folder)
    return summary.state, summary.step, summary.note


def test_how_far_a_run_is(tmp_path):
    assert state(make(tmp_path / "new")) == ("new", 0, "")
    assert state(make(tmp_path / "cut", 40, LINE % (60, 1))) == ("interrupted", 40, "goes on at 40")
    assert state(make(tmp_path / "early", None, LINE % (8, 1))) == ("interrupted", 8, "goes on at 0")
    assert state(make(tmp_path / "done", 100, LINE % (100, 1))) == ("complete", 100, "")
    longer = make(tmp_path / "longer", 100, LINE % (100, 1), steps=200)
    assert state(longer) == ("interrupted", 100, "goes on at 100")
    assert summarize(longer).steps == 200


def test_a_run_that_is_being_written_says_by_whom(tmp_path):
    run = make(tmp_path / "run", 40, LINE % (60, 1))
    with writing(run):
        status, step, note = state(run)
    assert (status, step) == ("training", 60)
    assert f"process {os.getpid()} on" in note
    assert state(run)[0] == "interrupted"


def test_a_dead_run_says_why_until_it_is_alive_again(tmp_path):
    # The line that says it may be far from the end.
    dead = '{"step": 10, "dead": "the generator has vanished"}\n' + (LINE % (20, 1)) * 2000
    assert state(make(tmp_path / "dead", 100, dead)) == ("dead", 100, "the generator has vanished")
    alive = dead + '{"step": 30, "alive": "no longer"}\n'
    assert state(make(tmp_path / "alive", 100, alive))[0] == "complete"
    failed = '{"step": 12, "failed": "generator", "loss": "nan"}\n'
    assert "generator became nan at step 12" in state(make(tmp_path / "failed", 10, failed))[2]


def test_the_figures_are_the_measures_of_the_evaluation(tmp_path):
    evaluation = {"step": 80, "seed": 1, "recall": 0.5, "kl": None, "other": 3, "measures": ["kl", "recall"]}
    summary = summarize(make(tmp_path / "run", 100, evaluation=evaluation))
    assert (summary.figures, summary.figures_step) == ({"recall": (0.5,)}, 80)


@pytest.mark.parametrize(
    ("name", "text"),
    [("config.json", "{"), ("config.json", "[]"), ("config.json", "{}"), ("config.json", '{"settings": 3}'),
     ("config.json", '{"experiment": "a", "path": "a", "data": {}, "settings": {"steps": "many"}}')],
)  # fmt: skip
def test_a_damaged_run_is_said_to_be_one(tmp_path, name, text):
    run = make(tmp_path / "run", 100)
    (run / name).write_text(text)
    status, _, note = state(run)
    assert status == "damaged"
    assert note


@pytest.mark.parametrize("name", ["metrics.jsonl", "evaluation.json"])
@pytest.mark.parametrize(
    "text", ["", "[1]\n", "3", '{"step": "a", "measures": 3}\n', "\x00\xff\n", '{"measures": [[]]}']
)
def test_other_damage_costs_no_more_than_what_is_damaged(tmp_path, name, text):
    run = make(tmp_path / "run", 100, LINE % (100, 1))
    (run / name).write_text(text)
    assert state(run)[:2] == ("complete", 100)


def test_a_sweep_counts_the_steps_of_its_populations(tmp_path):
    vary = {"learning_rate": [0.1, 0.2], "width": [4, 8], "flip": [True, False]}
    sweep = make(tmp_path / "sweep", sweep={"seeds": 3, "vary": vary})
    for part, step in (("flip=True,width=4", 100), ("flip=True,width=8", 40)):
        (sweep / "populations" / part / "checkpoints" / str(step)).mkdir(parents=True)
    rows = '{"step": 5, "member": 1, "failed": "generator", "loss": "nan"}\n' + LINE % (60, 1)
    (sweep / "populations" / "flip=True,width=8" / "metrics.jsonl").write_text(rows)
    summary = summarize(sweep)
    assert (summary.members, summary.step, summary.steps, summary.state) == (24, 140, 400, "interrupted")
    assert "1 of 24 members failed" in summary.note
    means = [{"measures": {"recall": {"mean": mean}, "generator_loss": {"mean": 1}}} for mean in (0.5, 0.25)]
    (sweep / "results.json").write_text(json.dumps({"combinations": means}))
    assert summarize(sweep).figures == {"recall": (0.5, 0.25)}
    assert summarize(sweep).state == "complete"


def test_a_sweep_of_numbers_is_one_population(tmp_path):
    vary = {"learning_rate": [0.1, 0.2]}
    summary = summarize(make(tmp_path / "sweep", 40, LINE % (60, 1), sweep={"seeds": 2, "vary": vary}))
    assert (summary.members, summary.step, summary.steps) == (4, 40, 100)


def test_runs_are_found_wherever_they_are(tmp_path):
    make(tmp_path / "b", 100)
    make(tmp_path / "group" / "a", 100)
    sweep = make(tmp_path / "sweep", 100, sweep={"seeds": 1, "vary": {}})
    make(sweep / "members" / "seed=0", 100)
    (tmp_path / "lost" / "checkpoints").mkdir(parents=True)
    (tmp_path / "lost" / "metrics.jsonl").write_text(LINE % (1, 1))  # its config.json is gone
    (tmp_path / "website").mkdir()
    (tmp_path / "website" / "config.json").write_text("{}")  # of another program
    (tmp_path / "link").symlink_to(tmp_path / "b")
    found = {str(run.folder.relative_to(tmp_path)): run.state for run in find(tmp_path)}
    assert found == {
        "b": "complete", "group/a": "complete", "link": "complete", "lost": "damaged", "sweep": "interrupted"
    }  # fmt: skip
    assert [run.folder for run in find(sweep)] == [sweep, sweep / "members" / "seed=0"]
    assert [run.folder for run in find(tmp_path / "b")] == [tmp_path / "b"]


def test_last_losses_are_those_of_the_last_whole_line(tmp_path):
    rows = LINE % (10, 1) + LINE % (20, "NaN") + '{"step": 30, "accuracy_fake": 1}\n{"step": 40, "gener'
    assert last_losses(make(tmp_path / "run", 20, rows))["step"] == 20


def test_runs_side_by_side(tmp_path):
    a = make(tmp_path / "a", 100, LINE % (100, 1.5), {"step": 100, "recall": 0.5, "measures": ["recall"]})
    b = make(tmp_path / "b", 50, LINE % (60, 2.5), width=16)
    (b / "experiment.py").write_text("other code")
    found = compare_runs([a, b])
    assert found.settings == {"width": [8, 16]}
    assert list(found.surroundings) == ["code"]
    assert found.figures == {"step": [100, None], "recall": [0.5, None]}
    assert found.losses == {
        "checkpoint": [100, 50], "step": [100, 60], "generator_loss": [0.5, 0.5], "discriminator_loss": [1.5, 2.5]
    }  # fmt: skip


def test_runs_that_are_the_same_differ_in_nothing(tmp_path):
    found = compare_runs([make(tmp_path / "a", 100), make(tmp_path / "b", 100)])
    assert (found.settings, found.surroundings, found.figures) == ({}, {}, {})


def test_versions_devices_data_and_changes_that_differ_are_named(tmp_path):
    runs = [make(tmp_path / name, 100) for name in "ab"]
    config = json.loads((runs[1] / "config.json").read_text())
    config["versions"]["jax"] = "0.11"
    config["devices"] *= 2
    config["data"]["example_shape"] = [16, 16, 1]
    config["history"] = [{"step": 0}, {"step": 40, "changed": {"learning_rate": [1, 2]}}]
    (runs[1] / "config.json").write_text(json.dumps(config))
    assert compare_runs(runs).surroundings == {
        "data.example_shape": [[8, 8, 1], [16, 16, 1]],
        "devices": ["1 x cpu", "2 x cpu"],
        "jax": ["0.10.2", "0.11"],
        "changed": [None, "learning_rate at step 40"],
    }


def test_what_cannot_be_compared_is_refused(tmp_path):
    run = make(tmp_path / "run", 100)
    with pytest.raises(UsageError, match="at least two"):
        compare_runs([run])
    with pytest.raises(UsageError, match="not a run"):
        compare_runs([run, tmp_path])
    with pytest.raises(UsageError, match="is a sweep"):
        compare_runs([run, make(tmp_path / "sweep", 100, sweep={"seeds": 1, "vary": {}})])


def test_ages():
    assert [age(seconds) for seconds in (1, 30, 60, 3 * 3600, 90000)] == ["now", "30 s", "1 minute", "3 hours", "1 day"]
