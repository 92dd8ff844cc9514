"""gan-jax sweep: many runs in one program, and what it leaves behind."""

import json
import math
import shutil
import signal

import numpy as np
import pytest
from PIL import Image
from support.command import (
    DIGITS,
    SMALL,
    assert_same_bits,
    checkpoint,
    finish,
    gan_jax,
    interrupt,
    metrics,
    refused,
    start,
)

pytestmark = pytest.mark.slow

pytestmark = pytest.mark.slow

VARY = ("--vary", "learning_rate=1e-4,1e-3")
NAMES = [f"seed={seed},learning_rate={rate}" for rate in ("0.0001", "0.001") for seed in (5, 6)]
EVERY = ("--checkpoint-every", 5, "--log-every", 2, "--sample-every", 3)


@pytest.fixture(scope="module", autouse=True)
def own_cache(tmp_path_factory):
    """With a classifier of few steps, which other tests shall not find in their cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_JAX_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr("gan_jax.evaluation.features.classifier._FEWEST_STEPS", 100)
        patch.setattr("gan_jax.evaluation.features.classifier._MOST_STEPS", 100)
        yield


@pytest.fixture(scope="module")
def swept(tmp_path_factory, run_command):
    """Four members: two learning rates with two seeds each. Tests only read it."""
    command = ("sweep", DIGITS, *SMALL, "--steps", 12, *EVERY, *VARY, "--seeds", 2, "--seed", 5)
    return run_command(command, tmp_path_factory.mktemp("swept") / "sweep")


@pytest.fixture
def swept_copy(swept, tmp_path):
    """Its folder again, to change."""
    return shutil.copytree(swept.folder, tmp_path / "sweep")


# What trains the last member alone.
TRAIN = ("train", DIGITS, *SMALL, *EVERY, "--seed", 6, "--learning-rate", 1e-3)
LAST = f"members/{NAMES[3]}"


@pytest.fixture(scope="module")
def alone(tmp_path_factory, run_command):
    """A run of the last member's settings that is 4 steps longer."""
    return run_command((*TRAIN, "--steps", 16), tmp_path_factory.mktemp("alone") / "run").folder


def read(path):
    return json.loads(path.read_text())


def test_the_configuration_says_what_was_swept_over(swept):
    config = read(swept.folder / "config.json")
    assert config["sweep"] == {"seeds": 2, "vary": {"learning_rate": [1e-4, 1e-3]}}
    assert config["settings"]["width"] == 4


def test_every_member_has_a_line_at_every_step_that_is_logged(swept):
    lines = [(step, i) for step in (2, 3, 4, 6, 8, 9, 10, 12) for i in range(4)]
    assert [(row["step"], row["member"]) for row in metrics(swept.folder)] == lines


def test_members_are_measured_where_a_run_would_be(swept):
    measures = {"accuracy_held_out", "accuracy_fake"}
    for row in metrics(swept.folder):
        assert measures & row.keys() == (measures if row["step"] % 3 == 0 else set())


def test_every_member_has_a_folder_and_all_share_a_picture(swept):
    assert sorted(path.name for path in (swept.folder / "members").iterdir()) == sorted(NAMES)
    with Image.open(swept.folder / "sweep.png") as picture:
        assert picture.size[0] > 1000


def test_the_numbers_of_the_results_are_those_of_the_members(swept):
    results, rows = read(swept.folder / "results.json"), metrics(swept.folder)
    assert [member["name"] for member in results["members"]] == NAMES
    for i, member in enumerate(results["members"]):
        evaluation = read(swept.folder / "members" / member["name"] / "evaluation.json")
        for name in ("frechet_ratio", "precision", "recall"):
            assert member[name] == evaluation[name]
        assert member["generator_loss"] == [row for row in rows if row["member"] == i][-1]["generator_loss"]


def test_the_table_has_means_and_deviations_over_seeds(swept):
    results = read(swept.folder / "results.json")
    first = results["combinations"][0]["measures"]["frechet_ratio"]
    a, b = (member["frechet_ratio"] for member in results["members"][:2])
    assert first["mean"] == pytest.approx((a + b) / 2)
    assert first["deviation"] == pytest.approx(abs(a - b) / math.sqrt(2))
    cell = f"{first['mean']:.3g} ± {first['deviation']:.3g}"
    assert cell in (swept.folder / "table.md").read_text()
    assert cell in swept.said


def test_a_member_logs_what_it_would_alone(swept, alone):
    assert_close(metrics(swept.folder / LAST), metrics(alone)[:8])


def test_a_member_is_a_run_to_sample(swept, capsys, tmp_path):
    assert gan_jax(capsys, "sample", swept.folder / LAST, "--count", 4, "--out", tmp_path / "grid.png").status == 0
    assert (tmp_path / "grid.png").exists()


def test_evaluating_a_member_again_gives_the_same_figures(swept_copy, capsys):
    before = (swept_copy / LAST / "evaluation.json").read_bytes()
    (swept_copy / LAST / "evaluation.json").unlink()
    assert gan_jax(capsys, "evaluate", swept_copy / LAST, "--trust").status == 0
    assert (swept_copy / LAST / "evaluation.json").read_bytes() == before


def test_a_member_is_a_complete_run(swept, capsys):
    assert "complete" in gan_jax(capsys, *TRAIN, "--steps", 12, "--workdir", swept.folder / LAST).out


def test_a_member_that_goes_on_past_its_end_becomes_the_longer_run(swept_copy, alone, capsys):
    member = swept_copy / LAST
    result = gan_jax(capsys, *TRAIN, "--steps", 16, "--workdir", member)
    assert "at step 12 of 16" in result.out, result.err
    assert_close(metrics(member), metrics(alone))
    here, there = checkpoint(member, 16), checkpoint(alone, 16)
    assert here.keys() == there.keys()
    for name in here:
        # Sixteen steps of Adam at 1e-3 may move a weight, where its gradient is all rounding, by 1.6e-2 at most.
        np.testing.assert_allclose(here[name], there[name], rtol=1e-3, atol=1e-3, err_msg=name)


def test_a_sweep_that_is_complete_is_left_alone(swept, capsys):
    def stamps():
        files = [path for path in swept.folder.rglob("*") if path.is_file() and path != swept.folder / "lock"]
        return {path: path.stat().st_mtime_ns for path in files}

    before = stamps()
    assert "is complete" in swept.again(capsys, swept.folder).out
    assert stamps() == before


def test_another_sweep_in_the_same_folder_is_refused_by_what_differs(swept, capsys):
    command = (*swept.command, "--workdir", swept.folder, "--seeds", 3, "--width", 8)
    refused(gan_jax(capsys, *command), "seeds is 2 there and 3 here", "width is 4 there")


def test_a_sweep_in_the_folder_of_a_run_is_refused(swept, capsys):
    refused(swept.again(capsys, swept.folder / LAST), "holds a single run, and this is a sweep")


def test_a_run_in_the_folder_of_a_sweep_is_refused(swept, capsys):
    result = gan_jax(capsys, *TRAIN, "--steps", 12, "--workdir", swept.folder)
    refused(result, "holds a sweep, and this is a single run")


@pytest.mark.parametrize("command", ["sample", "evaluate"])
def test_a_sweep_is_not_a_run_itself(swept, capsys, command):
    refused(gan_jax(capsys, command, swept.folder), "is a sweep", "members")


def test_results_that_were_cut_off_are_finished_and_what_is_there_is_kept(swept, swept_copy, capsys):
    (swept_copy / "results.json").unlink()
    (swept_copy / "members" / NAMES[0] / "config.json").unlink()
    kept = swept_copy / "members" / NAMES[1] / "config.json"
    stamp = kept.stat().st_mtime_ns
    assert swept.again(capsys, swept_copy).status == 0
    assert (swept_copy / "results.json").read_text() == (swept.folder / "results.json").read_text()
    assert (swept_copy / "members" / NAMES[0] / "config.json").exists()
    assert kept.stat().st_mtime_ns == stamp


def assert_close(rows, others):
    # No pictures are drawn of members while they train, so the spread of samples is not measured.
    rows, others = ([{n: x for n, x in row.items() if n != "sample_spread"} for row in log] for log in (rows, others))
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
    assert "not evaluated: evaluation needs at least 6 held-out images" in result.out

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
