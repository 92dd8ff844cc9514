"""gan-jax completion: prints a script that completes commands and flags in a shell."""

import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass
from typing import Annotated, Literal, NamedTuple

import tyro
from tyro.conf import Positional, arg

from gan_jax.commands.main import COMMANDS, find

_SHELLS = ("bash", "zsh", "fish")


@dataclass(frozen=True)
class Completion:
    """Prints a script that completes commands, their flags, choices and files in a shell. Python is not started for it.

    Write it to a file that your shell reads when it starts:

    - bash: gan-jax completion bash > ~/.local/share/bash-completion/completions/gan-jax
    - zsh: gan-jax completion zsh > DIR/_gan-jax, where DIR is in $fpath
    - fish: gan-jax completion fish > ~/.config/fish/completions/gan-jax.fish

    The flags of train and sweep are those that all experiments have."""

    shell: Annotated[Positional[Literal["bash", "zsh", "fish"]], arg(metavar="SHELL")]
    """bash, zsh or fish."""


class Flag(NamedTuple):
    """A flag of a command. choices: the values that it takes, if they are few. takes: whether it takes any value."""

    name: str
    choices: tuple[str, ...]
    takes: bool


def completion_command(arguments: list[str]) -> None:
    """Runs `gan-jax completion SHELL`."""
    options = tyro.cli(Completion, prog="gan-jax completion", args=arguments)
    scripts: dict[str, Callable[[dict[str, list[Flag]]], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}
    print(scripts[options.shell]({name: flags(name) for name in COMMANDS}), end="")


def flags(command: str) -> list[Flag]:
    """Returns the flags of a command, which are those that its help lists."""
    text = io.StringIO()
    with redirect_stdout(text), _columns(120), suppress(SystemExit):
        find(command)(["--help"])
    found = []
    # A line has the names of a flag, after one space its value, and after at least two spaces its help.
    line = re.compile(r"^\W*?(--[a-z][\w-]*(?:, --[a-z][\w-]*)*)(?: (\S.*?))?(?:  |\s*$)", re.MULTILINE)
    for names, value in line.findall(text.getvalue()):
        choices = re.findall(r"[\w.-]+", value.partition("{")[2].partition("}")[0])
        # In braces are also the kinds of values that a flag takes, such as INT, and None.
        known = tuple(choice for choice in choices if choice != "None" and not choice.isupper())
        found += [Flag(name, known, bool(value)) for name in names.split(", ")]
    return found


@contextmanager
def _columns(count: int) -> Iterator[None]:
    """Sets the width of the terminal for programs that ask."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(count)
    try:
        yield
    finally:
        del os.environ["COLUMNS"]
        if before is not None:
            os.environ["COLUMNS"] = before


def _bash(commands: dict[str, list[Flag]]) -> str:
    return f"""\
# Completes the words of gan-jax in bash.
_gan_jax() {{
    local command=${{COMP_WORDS[1]}} before=${{COMP_WORDS[COMP_CWORD-1]}} word=${{COMP_WORDS[COMP_CWORD]}} words=
    if ((COMP_CWORD == 1)); then
        words="{" ".join(commands)}"
    else
        case $command:$before in
{_cases(commands, " " * 12, 'words="{}"')}
            *) if [[ $word == -* ]]; then
                case $command in
{_flag_cases(commands, " " * 20, 'words="{}"')}
                esac
            fi ;;
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o default -F _gan_jax gan-jax
"""


def _zsh(commands: dict[str, list[Flag]]) -> str:
    listed = " ".join(f"'{name}:{COMMANDS[name].forms[0][1]}'" for name in commands)
    return f"""\
#compdef gan-jax
# Completes the words of gan-jax in zsh.
_gan_jax() {{
    if (( CURRENT == 2 )); then
        local -a commands=({listed})
        _describe command commands
        return
    fi
    case $words[2]:$words[CURRENT-1] in
{_cases(commands, " " * 8, "compadd -- {}; return")}
    esac
    if [[ $words[CURRENT] == -* ]]; then
        case $words[2] in
{_flag_cases(commands, " " * 12, "compadd -- {}")}
        esac
    else
        _files
    fi
}}
if [[ $funcstack[1] == _gan-jax ]]; then
    _gan_jax "$@"
else
    compdef _gan_jax gan-jax
fi
"""


def _fish(commands: dict[str, list[Flag]]) -> str:
    lines = ["# Completes the words of gan-jax in fish."]
    lines += [
        f"complete -c gan-jax -n __fish_use_subcommand -f -a {name} -d '{COMMANDS[name].forms[0][1]}'"
        for name in commands
    ]
    for name, found in commands.items():
        seen = f"complete -c gan-jax -n '__fish_seen_subcommand_from {name}'"
        for flag in found:
            value = f" -x -a '{' '.join(flag.choices)}'" if flag.choices else " -r" if flag.takes else ""
            lines.append(f"{seen} -l {flag.name.removeprefix('--')}{value}")
    lines.append(f"complete -c gan-jax -n '__fish_seen_subcommand_from completion' -f -a '{' '.join(_SHELLS)}'")
    return "\n".join(lines) + "\n"


def _cases(commands: dict[str, list[Flag]], indent: str, action: str) -> str:
    """The branches of a shell's `case` for the values of flags, and for the shells after `completion`."""
    by_choices: dict[Sequence[str], list[str]] = {_SHELLS: ["completion:completion"]}
    for name, found in commands.items():
        for flag in found:
            if flag.choices:
                by_choices.setdefault(flag.choices, []).append(f"{name}:{flag.name}")
    return "\n".join(
        f"{indent}{'|'.join(places)}) {action.format(' '.join(choices))} ;;" for choices, places in by_choices.items()
    )


def _flag_cases(commands: dict[str, list[Flag]], indent: str, action: str) -> str:
    """The branches of a shell's `case` for the flags of each command."""
    return "\n".join(
        f"{indent}{name}) {action.format(' '.join(flag.name for flag in found))} ;;"
        for name, found in commands.items()
        if found
    )
