"""gan-jax completion: the scripts, run by the shells that are there."""

import shutil
import subprocess

import pytest
from support.command import gan_jax, refused

from gan_jax.commands.completion import Flag, flags
from gan_jax.commands.main import COMMANDS


@pytest.fixture(scope="module")
def flags_of():
    return {name: flags(name) for name in COMMANDS}


def test_the_flags_are_those_of_the_commands(flags_of):
    train = {flag.name: flag for flag in flags_of["train"]}
    assert train["--steps"] == Flag("--steps", (), True)
    assert train["--no-flip"] == Flag("--no-flip", (), False)
    assert train["--precision"].choices == ("float32", "bfloat16")
    assert train["--examples"].choices == ()
    assert "--seeds" in {flag.name for flag in flags_of["sweep"]} - train.keys()
    assert {"--count", "--class", "--out"} <= {flag.name for flag in flags_of["sample"]}
    assert all(flag.name.strip("-").isascii() for found in flags_of.values() for flag in found)


def run(shell, script, path):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    process = subprocess.run([shell, "-c", script, shell, str(path)], capture_output=True, text=True, timeout=60)
    assert not process.stderr
    return process.stdout.splitlines()


def written(capsys, tmp_path, shell):
    result = gan_jax(capsys, "completion", shell)
    assert result.status == 0, result.err
    path = tmp_path / f"completion.{shell}"
    path.write_text(result.out)
    return path


LINES = ["gan-jax s", "gan-jax train x.py --prec", "gan-jax train --precision b", "gan-jax completion z"]
WORDS = ["sample show sweep", "--precision", "bfloat16", "zsh"]


def test_bash(capsys, tmp_path):
    asked = "\n".join(f"ask {line}" for line in [*LINES, "gan-jax evaluate --s", "gan-jax train x"])
    script = f"""
        source "$1"
        ask() {{
            COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _gan_jax
            echo $(printf '%s\\n' "${{COMPREPLY[@]}}" | sort)
        }}
        {asked}
        complete -p gan-jax
    """
    said = run("bash", script, written(capsys, tmp_path, "bash"))
    assert said == [*WORDS, "--samples --seed --standing-statistics", "", "complete -o default -F _gan_jax gan-jax"]


def test_fish(capsys, tmp_path):
    asked = "\n".join(f"echo (complete -C '{line}' | cut -f1 | sort)" for line in LINES)
    assert run("fish", f"source $argv[2]\n{asked}", written(capsys, tmp_path, "fish")) == WORDS


def test_zsh(capsys, tmp_path):
    path = written(capsys, tmp_path, "zsh")
    # Outside of its line editor, what would be completed is shown by other functions of the same names.
    asked = "\n".join(
        f'words=({line}); CURRENT=$#words; echo $(_gan_jax | grep -o -- "$words[-1][^ :]*")' for line in LINES
    )
    script = f"""
        compdef() {{ }}; compadd() {{ shift; echo $@ }}; _describe() {{ echo $commands }}
        source "$1"
        {asked}
    """
    assert [" ".join(sorted(line.split())) for line in run("zsh", script, path)][1:] == WORDS[1:]
    assert run("zsh", 'zsh -n "$1"', path) == []


def test_other_shells(capsys):
    refused(gan_jax(capsys, "completion", "tcsh"), "bash", "zsh", "fish")
    refused(gan_jax(capsys, "completion"), "SHELL")
