"""A sweep over settings that change the program: a population after the other, in one folder."""

import json
import shutil

import pytest
from support.command import DIGITS, SMALL, assert_same_bits, checkpoint, gan_jax, metrics, poisoned, refused

pytestmark = pytest.mark.slow

VARY = ("--vary", "width=4,6", "learning_rate=1e-4,1e-3")
FLAGS = ("--latent-size", 8, "--batch-size", 16, "--log-every", 2, "--checkpoint-every", 5, "--sample-every", 10)
STEPS = 12
PARTS = [f"populations/width={width}" for width in (4, 6)]


def read(path):
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def swept(tmp_path_factory, run_command, unlabelled):
    """Two widths with two learning rates each. Tests only read it."""
    command = ("sweep", DIGITS, *unlabelled, *FLAGS, "--steps", STEPS, *VARY, "--seeds", 1)
    return run_command(command, tmp_path_factory.mktemp("populations") / "sweep")


def test_one_table_compares_all_populations(swept):
    names = [f"seed=0,learning_rate={rate},width={width}" for rate in ("0.0001", "0.001") for width in (4, 6)]
    results = read(swept.folder / "results.json")
    assert [member["name"] for member in results["members"]] == names
    assert results["combinations"][1]["values"] == {"learning_rate": 0.0001, "width": 6}
    assert "| learning_rate | width | members |" in (swept.folder / "table.md").read_text()
    assert (swept.folder / "sweep.png").exists()
    assert "population 2 of 2: width=6" in swept.said
    assert sorted(path.name for path in (swept.folder / "members").iterdir()) == sorted(names)


def test_every_member_is_the_run_of_its_settings(swept, capsys, unlabelled):
    members = swept.folder / "members"
    # To restore its checkpoint, the shapes of its networks must be those of its width.
    flags = ("--width", 6, "--learning-rate", 1e-3, "--steps", STEPS)
    member = members / "seed=0,learning_rate=0.001,width=6"
    assert "is complete" in gan_jax(capsys, "train", DIGITS, *unlabelled, *FLAGS, *flags, "--workdir", member).out
    refused(
        gan_jax(capsys, "train", DIGITS, *unlabelled, *FLAGS, "--width", 4, *flags[2:], "--workdir", member), "width"
    )
    lines = [row for row in metrics(swept.folder / PARTS[1]) if row["member"] == 1]  # the second learning rate
    assert metrics(member) == [{name: x for name, x in row.items() if name != "member"} for row in lines]


def test_killed_in_the_second_population_it_ends_in_the_same_bits(swept, capsys, tmp_path):
    # What SIGKILL leaves between the checkpoints at steps 5 and 10 of the second population: later lines of metrics,
    # the last of them cut off, and no results. tests/sweeps/test_sweep.py kills a sweep of one population.
    broken = shutil.copytree(swept.folder, tmp_path / "sweep", ignore=shutil.ignore_patterns("results.json", "*.md"))
    second = broken / PARTS[1]
    for step in (10, STEPS):
        shutil.rmtree(second / "checkpoints" / str(step))
    for member in (broken / "members").glob("*width=6"):
        shutil.rmtree(member)
    (second / "metrics.jsonl").write_text((swept.folder / PARTS[1] / "metrics.jsonl").read_text()[:-200])
    stamp = (broken / PARTS[0] / "metrics.jsonl").stat().st_mtime_ns
    result = swept.again(capsys, broken)
    assert result.status == 0, result.err
    assert f"resuming {second} at step 5 of {STEPS}" in result.out
    assert (broken / PARTS[0] / "metrics.jsonl").stat().st_mtime_ns == stamp  # it has not trained again
    for part in PARTS:
        assert metrics(broken / part) == metrics(swept.folder / part)
        assert_same_bits(checkpoint(broken / part, STEPS), checkpoint(swept.folder / part, STEPS))
    for name in ("results.json", "table.md"):
        assert (broken / name).read_text() == (swept.folder / name).read_text()


def test_another_sweep_in_the_folder_is_refused(swept, capsys):
    result = gan_jax(capsys, *swept.command, "--vary", "flip=true,false", "--workdir", swept.folder)
    refused(result, "holds another run: vary is")
    assert "is complete: its 4 members" in swept.again(capsys, swept.folder).out


def test_a_population_whose_members_all_fail_does_not_stop_the_others(capsys, tmp_path, unlabelled):
    experiment = poisoned(tmp_path, "(state.step == 2) & (config.width == 4)")
    command = ("sweep", experiment, *SMALL, *unlabelled, "--steps", 3, "--seeds", 1, "--workdir", tmp_path / "sweep")
    result = gan_jax(capsys, *command, "--vary", "width=4,6")
    assert result.status == 0, result.err
    assert "| 4 | 0 of 1 | – | – |" in (tmp_path / "sweep" / "table.md").read_text()
    assert len(list((tmp_path / "sweep" / "members").iterdir())) == 1
