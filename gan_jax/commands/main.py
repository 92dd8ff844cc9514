"""The entry point of `gan-jax`: it calls a command by its name, and turns errors into messages and exit statuses."""

import _thread
import difflib
import importlib
import importlib.metadata
import logging
import os
import platform
import sys
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple

from gan_jax.commands.out_of_memory import advise, is_out_of_memory
from gan_jax.common.errors import UsageError, UserError


class Command(NamedTuple):
    """A command. It is the function NAME_command of its module, which is imported when it is called.

    module: the name of the module in gan_jax.commands.
    forms: the ways to call it: (the words after its name, what it then does).
    """

    module: str
    forms: tuple[tuple[str, str], ...]


COMMANDS = {
    "train": Command(
        "train",
        (
            ("EXPERIMENT.py", "train an experiment, or resume its run"),
            ("RUN", "resume a run with the code and settings in its folder"),
        ),
    ),
    "sweep": Command("sweep", (("EXPERIMENT.py", "train many seeds and settings at once, and compare them"),)),
    "sample": Command("sample", (("RUN", "draw samples from a trained run"),)),
    "translate": Command("translate", (("RUN IN OUT", "translate images with an image-to-image run"),)),
    "evaluate": Command(
        "evaluate",
        (("RUN", "evaluate a trained run on held-out data"), ("--fake DIR", "compare images with those of --real DIR")),
    ),
    "invert": Command("invert", (("RUN IN OUT", "find the latents of images"),)),
    "edit": Command("edit", (("RUN OUT", "change samples along a direction of the latents"),)),
    "detect": Command("detect", (("RUN DATA OUT", "score how odd rows or images are to a run"),)),
    "runs": Command("runs", (("[DIR]", "list the runs below a folder: step, state and figures"),)),
    "compare": Command("compare", (("RUN RUN ...", "show what differs between runs, and their figures"),)),
    "show": Command("show", (("RUN ...", "write a page about runs, to open in a browser"),)),
    "explore": Command("explore", (("RUN", "walk through the latents of a run in a browser"),)),
    "export": Command("export", (("RUN OUT", "write a trained run to a folder to share"),)),
    "import": Command("import_weights", (("FILE OUT", "take a generator of pytorch-CycleGAN-and-pix2pix"),)),
    "completion": Command("completion", (("SHELL", "print what completes commands in bash, zsh or fish"),)),
}

# The exit status of a process that SIGPIPE has ended, as shells report it.
_BROKEN_PIPE = 141


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command that `arguments`, by default those of the process, ask for.

    The process ends with status 0, or with 1 if the run failed, 2 for bad usage, 130 after Ctrl-C, and 141 if nobody
    reads its output any more.
    """
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    for name in ("absl", "asyncio"):  # Orbax logs through both, and raises the errors that matter as well.
        logging.getLogger(name).setLevel(logging.CRITICAL)
    sys.excepthook, sys.unraisablehook = _except_hook, _unraisable_hook
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        try:
            _dispatch(words)
        finally:
            sys.stdout.flush()  # here, so that a closed pipe is not an error when Python ends
    except BrokenPipeError:
        _discard_output()
        sys.exit(_BROKEN_PIPE)
    except UserError as error:
        if isinstance(error.__cause__, BrokenPipeError):  # a run that could not say how it goes on
            _discard_output()
            print("gan-jax: stopped, because nobody reads its output any more", file=sys.stderr)
            sys.exit(_BROKEN_PIPE)
        print(f"gan-jax: error: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        print("gan-jax: interrupted", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        print(f"gan-jax: error: {advise(words[0], error)}", file=sys.stderr)
        sys.exit(1)


def usage() -> str:
    """Returns the usage text, which lists all commands."""
    lines = [(f"{name} {words}", does) for name, command in COMMANDS.items() for words, does in command.forms]
    width = max(len(words) for words, _ in lines)
    return "\n".join(
        [
            "usage: gan-jax COMMAND ...",
            "",
            "commands:",
            *(f"  {words:{width}}  {does}" for words, does in lines),
            "",
            "Each command lists its flags with --help. The flags of train and sweep include",
            "those of the experiment. gan-jax --version shows the version.\n",
        ]
    )


def _dispatch(words: list[str]) -> None:
    if not words:
        print(usage(), end="")
        sys.exit(2)
    name, *rest = words
    if name in ("-h", "--help"):
        print(usage(), end="")
    elif name in ("-V", "--version"):
        print(f"gan-jax {_version('gan-jax')} (jax {_version('jax')}, Python {platform.python_version()})")
    elif {"-h", "--help"} & set(rest):
        from gan_jax.commands.help_text import wrapped_help

        with wrapped_help():
            find(name)(rest)
    else:
        find(name)(rest)


def find(name: str):
    """Imports the command of this name: a function of the words that follow. Raises UsageError if there is none."""
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(f"there is no command {name!r}: the commands are {', '.join(COMMANDS)}{hint}")
    module = importlib.import_module(f"gan_jax.commands.{COMMANDS[name].module}")
    return getattr(module, f"{name}_command")


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _discard_output() -> None:
    """Sends what is still to be written to nowhere, so that Python can end without an error."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _is_noise(error: BaseException | None) -> bool:
    # When one file of a checkpoint cannot be written, TensorStore's threads report every other file in progress to an
    # event loop that is closed by then. Those hundreds of tracebacks add nothing to the error that is raised.
    return isinstance(error, RuntimeError) and str(error) == "Event loop is closed"


def _except_hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not _is_noise(error):
        sys.__excepthook__(kind, error, trace)


def _unraisable_hook(unraisable: "sys.UnraisableHookArgs") -> None:
    if isinstance(unraisable.exc_value, KeyboardInterrupt):
        # Python drops a Ctrl-C in a callback, such as JAX's of the garbage collector. It comes again at once.
        threading.Timer(0.01, _thread.interrupt_main).start()
    elif not _is_noise(unraisable.exc_value):
        sys.__unraisablehook__(unraisable)
