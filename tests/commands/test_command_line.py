"""gan-jax itself: usage, help, and commands that do not exist."""

import importlib.metadata
import re
import subprocess
import sys

import pytest
from support.command import DIGITS, gan_jax, refused

from gan_jax.commands.main import COMMANDS, find, main, usage
from gan_jax.common.errors import UserError


def test_misspelt_command(capsys):
    refused(gan_jax(capsys, "trian", DIGITS), "trian", "did you mean train?")


def test_no_command_shows_the_usage(capsys):
    refused(gan_jax(capsys), "usage: gan-jax COMMAND")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--help"], [*COMMANDS]),
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


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["trian"], ["sample", "--help"], ["translate", "--help"], ["runs", "--help"]],
)
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


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there(name):
    assert callable(find(name))


def test_the_version(capsys):
    result = gan_jax(capsys, "--version")
    assert result.out.startswith(
        f"gan-jax {importlib.metadata.version('gan-jax')} (jax {importlib.metadata.version('jax')}"
    )


def test_the_package_is_the_command():
    process = subprocess.run([sys.executable, "-m", "gan_jax", "trian"], capture_output=True, text=True, timeout=60)
    assert process.returncode == 2
    assert "did you mean train?" in process.stderr


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("train", "sweep")])
def test_help_fits_the_terminal(capsys, monkeypatch, name, width):
    monkeypatch.setenv("COLUMNS", str(width))
    for line in gan_jax(capsys, name, "--help").out.splitlines():
        assert len(line) <= width, line


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("arguments", [["train", DIGITS], ["sweep"]])
def test_help_of_experiments_flows(capsys, monkeypatch, width, arguments):
    monkeypatch.setenv("COLUMNS", str(width))
    lines = gan_jax(capsys, *arguments, "--help").out.splitlines()
    assert max(map(len, lines)) <= width
    text = re.sub(r"[\s│]+", " ", " ".join(lines))
    # This sentence spans two lines of the source, and takes about as many as its length needs.
    assert "The same seed on the same devices gives the same bits." in text
    start = next(i for i, line in enumerate(lines) if "Random seed of the initial" in line)
    end = next(i for i, line in enumerate(lines) if "bits. (default" in line or "same bits." in line)
    column = width - 4 - lines[start].index("Random") + 2
    assert end - start + 1 <= -(-152 // column) + 1
    # What an entry of the list of datasets has more than a line is indented.
    entry = next(i for i, line in enumerate(lines) if "digits: Scikit-learn" in line)
    if "digits." not in lines[entry].partition("scans")[2]:
        assert lines[entry + 1].index("handwritten") > lines[entry].index("digits:")


def test_the_usage_fits_eighty_columns():
    assert max(map(len, usage().splitlines())) <= 80


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["completion", "fish"]])
def test_a_reader_that_has_seen_enough_is_no_error(arguments):
    """As in `gan-jax train --help | head -1`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gan_jax", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    process.stdout.close()
    assert process.stderr
    assert process.stderr.read() == ""
    assert process.wait(60) == 141


def test_a_run_whose_output_nobody_reads_says_so(capsys, monkeypatch):
    def stopped(arguments):
        try:
            raise BrokenPipeError
        except OSError as error:
            raise UserError("cannot write to runs/x: Broken pipe") from error

    monkeypatch.setattr("gan_jax.commands.main.find", lambda name: stopped)
    monkeypatch.setattr("gan_jax.commands.main._discard_output", lambda: None)
    with pytest.raises(SystemExit, match="141"):
        main(["train"])
    assert "nobody reads its output" in capsys.readouterr().err
