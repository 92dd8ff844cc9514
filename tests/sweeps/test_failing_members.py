"""A sweep with a member that fails, and whose experiment imports another."""

import json
import shutil
from pathlib import Path

import pytest
from support.command import DIGITS, SMALL, gan_jax, metrics, poisoned, refused

from gan_jax.training.run_folder import load_run

pytestmark = pytest.mark.slow

LENGTH = ("--steps", 12, "--checkpoint-every", 5, "--log-every", 2, "--sample-every", 3)
BAD = "(state.step == 6) & (config.seed >= {}) & (config.learning_rate > 5e-4)"
FAILED = "seed=1,learning_rate=0.001"


def read(path):
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def failing(tmp_path_factory, run_command, unlabelled):
    """A sweep of four whose last member fails. Its experiment imports the one that it was made from."""
    folder = tmp_path_factory.mktemp("failing")
    vary = ("--vary", "learning_rate=1e-4,1e-3")
    command = ("sweep", poisoned(folder, BAD.format(1)), *SMALL, *unlabelled, *vary, "--seeds", 2, *LENGTH)
    return run_command(command, folder / "sweep")


def test_a_member_that_fails_is_told_and_counted(failing):
    assert "the loss of the generator became nan at step 7" in failing.said
    assert "1 of 2" in failing.said
    table = (failing.folder / "table.md").read_text()
    assert f"{FAILED} failed" in table
    assert "| 0.001 | 1 of 2 |" in table


def test_a_member_that_fails_is_in_no_number(failing):
    results = read(failing.folder / "results.json")
    assert [member["name"] for member in results["members"] if member["failed"]] == [FAILED]
    assert "generator_loss" not in results["members"][3]
    loss = results["combinations"][1]["measures"]["generator_loss"]
    assert loss["mean"] == results["members"][2]["generator_loss"]
    assert loss["deviation"] is None


def test_a_member_that_fails_has_no_folder_and_no_more_lines(failing):
    names = [member["name"] for member in read(failing.folder / "results.json")["members"]]
    assert sorted(path.name for path in (failing.folder / "members").iterdir()) == sorted({*names} - {FAILED})
    rows = metrics(failing.folder)
    assert [row["step"] for row in rows if row["member"] == 0] == [2, 3, 4, 6, 8, 9, 10, 12]
    assert [row["step"] for row in rows if row["member"] == 3] == [2, 3, 4, 6, 7]


def test_a_sweep_whose_members_all_fail_ends_with_their_names(capsys, tmp_path, unlabelled):
    vary = ("--vary", "learning_rate=1e-3,2e-3", "--vary", "ema=0.9")
    command = ("sweep", poisoned(tmp_path, BAD.format(0)), *SMALL, *unlabelled, *vary, "--seeds", 2, *LENGTH)
    result = gan_jax(capsys, *command, "--workdir", tmp_path / "all")
    refused(result, "every member has failed", "seed=1,learning_rate=0.002,ema=0.9", "at step 7", status=1)


def test_the_sweep_and_its_members_keep_the_modules_of_the_experiment(failing, capsys, tmp_path):
    run = failing.folder / "members" / "seed=0,learning_rate=0.001"
    for folder in (failing.folder, run):
        assert read(folder / "config.json")["modules"] == ["dcgan_digits.py"]
        assert (folder / "modules" / "dcgan_digits.py").read_text() == Path(DIGITS).read_text()
    moved = shutil.copytree(run, tmp_path / "run")
    assert load_run(moved, trust=True).experiment.modules == {"dcgan_digits.py": Path(DIGITS).read_text()}
    assert gan_jax(capsys, "sample", moved, "--trust", "--count", 4, "--out", tmp_path / "grid.png").status == 0


def test_a_sweep_whose_neighbour_has_changed_does_not_go_on(failing, capsys, tmp_path):
    folder = shutil.copytree(failing.folder.parent, tmp_path / "copy")
    neighbour = folder / "dcgan_digits.py"
    neighbour.write_text(neighbour.read_text().replace("steps: int = 23_000", "steps: int = 24_000"))
    result = gan_jax(capsys, "sweep", folder / "poisoned.py", *failing.command[2:], "--workdir", folder / "sweep")
    refused(result, "dcgan_digits.py, which the experiment imports, has changed (first: '- steps: int = 23_000')")
