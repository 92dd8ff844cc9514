"""gan-jax itself: usage, help, and commands that do not exist."""

import subprocess
import sys

import pytest
from support.command import DIGITS, gan_jax, refused


def test_misspelt_command(capsys):
    refused(gan_jax(capsys, "trian", DIGITS), "trian", "did you mean train?")


def test_no_command_shows_the_usage(capsys):
    refused(gan_jax(capsys), "usage: gan-jax COMMAND")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--help"], ["train", "sweep", "sample", "translate", "evaluate"]),
        (["train", "--help"], ["--steps"]),
        (["train", DIGITS, "--help"], ["--width INT", "--batch-size INT"]),
        (["sweep", DIGITS, "--help"], ["--seeds INT", "--width INT"]),
        (["sample", "--help"], ["--interpolate"]),
        (["translate", "--help"], ["--direction"]),
        (["evaluate", "--help"], ["RUN"]),
    ],
)
def test_help(capsys, arguments, words):
    refused(gan_jax(capsys, *arguments), *words, status=0)


@pytest.mark.parametrize("arguments", [["--help"], ["trian"], ["sample", "--help"], ["translate", "--help"]])
def test_help_does_not_wait_for_heavy_modules(arguments):
    source = (
        "import sys\nfrom gan_jax.commands.main import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'jax', 'numpy', 'PIL'} & sys.modules.keys()))"
    )
    process = subprocess.run([sys.executable, "-c", source, *arguments], capture_output=True, text=True, timeout=60)
    assert process.stdout.splitlines()[-1] == "[]", process.stderr


@pytest.mark.parametrize("command", ["sample", "evaluate"])
def test_commands_on_what_is_not_a_run(capsys, tmp_path, command):
    refused(gan_jax(capsys, command, tmp_path), str(tmp_path.name), "not a run")
