"""gan-jax runs and gan-jax compare, on runs that were trained."""

import shutil
import subprocess
import sys
import time

import pytest
from support.command import gan_jax, refused


def test_runs_are_listed_with_step_state_and_figures(capsys, tmp_path, digits_run, ring_run):
    for run in (digits_run, ring_run):
        shutil.copytree(run, tmp_path / run.name)
    assert gan_jax(capsys, "evaluate", "--trust", tmp_path / "ring").status == 0
    (tmp_path / "digits" / "config.json").write_text("{}")
    result = gan_jax(capsys, "runs", tmp_path)
    refused(result, "ring ring ring 3 of 3 complete", "modes covered", "digits damaged", "config.json", status=0)
    assert all(line.startswith(("run ", "ring ", "digits ", "    ")) for line in result.out.splitlines())


def test_no_runs_and_no_folder(capsys, tmp_path):
    refused(gan_jax(capsys, "runs", tmp_path), "there are no runs in", status=0)
    refused(gan_jax(capsys, "runs", tmp_path / "none"), "there is no folder")


def test_runs_are_compared_by_what_differs(capsys, tmp_path, digits_run, conditional_run):
    result = gan_jax(capsys, "compare", digits_run, conditional_run)
    refused(result, f"A {digits_run}", f"B {conditional_run}", "steps 60 1", "generator_loss", "code", status=0)
    assert "batch_size" not in result.out  # it is the same
    copies = [shutil.copytree(digits_run, tmp_path / name) for name in "ab"]
    for copy in copies:
        (copy / "evaluation.json").unlink(missing_ok=True)
    same = gan_jax(capsys, "compare", *copies)
    refused(same, "the settings are the same", "none of these runs has been evaluated", status=0)
    refused(gan_jax(capsys, "compare", digits_run), "at least two runs")
    refused(gan_jax(capsys, "compare", digits_run, tmp_path / "none"), "not a run")


@pytest.mark.parametrize("command", ["runs", "compare"])
def test_they_are_quick_since_they_do_not_import_jax(digits_run, command):
    source = (
        "import sys\nfrom gan_jax.commands.main import main\nmain(sys.argv[1:])\n"
        "print(sorted({'jax', 'flax', 'orbax', 'scipy', 'matplotlib', 'gan_jax_experiment'} & sys.modules.keys()))"
    )
    runs = [str(digits_run)] * (2 if command == "compare" else 1)
    before = time.perf_counter()
    process = subprocess.run([sys.executable, "-c", source, command, *runs], capture_output=True, text=True, timeout=60)
    assert process.stdout.splitlines()[-1] == "[]", process.stderr
    assert time.perf_counter() - before < 30
