"""The entry point of `gan-jax`: it calls a command by its name, and turns errors into messages and exit statuses."""

import difflib
import logging
import sys
from collections.abc import Sequence
from types import TracebackType

from gan_jax.commands.evaluate import evaluate_command
from gan_jax.commands.sample import sample_command
from gan_jax.commands.sweep import sweep_command
from gan_jax.commands.train import train_command
from gan_jax.commands.translate import translate_command
from gan_jax.common.errors import UsageError, UserError

_USAGE = """\
usage: gan-jax COMMAND ...

commands:
  train EXPERIMENT.py [flags]   train an experiment, or resume its run
  train RUN                     resume a run with the code and settings in its folder
  sweep EXPERIMENT.py [flags]   train many seeds and settings at once, and compare them
  sample RUN [flags]            draw samples from a trained run, as one picture
  translate RUN IN OUT [flags]  translate images with a trained image-to-image run
  evaluate RUN [flags]          evaluate a trained run on held-out data

Each command lists its flags with --help. The flags of train and sweep include those of the experiment.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command that `arguments`, by default those of the process, ask for.

    The process ends with status 0, or with 1 if the run failed, 2 for bad usage, and 130 after Ctrl-C.
    """
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    for name in ("absl", "asyncio"):  # Orbax logs through both, and raises the errors that matter as well.
        logging.getLogger(name).setLevel(logging.CRITICAL)
    sys.excepthook, sys.unraisablehook = _except_hook, _unraisable_hook
    try:
        _dispatch(list(sys.argv[1:] if arguments is None else arguments))
    except UserError as error:
        print(f"gan-jax: error: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        print("gan-jax: interrupted", file=sys.stderr)
        sys.exit(130)


def _dispatch(arguments: list[str]) -> None:
    commands = {
        "train": train_command,
        "sweep": sweep_command,
        "sample": sample_command,
        "translate": translate_command,
        "evaluate": evaluate_command,
    }
    if not arguments:
        print(_USAGE, end="")
        sys.exit(2)
    name, *rest = arguments
    if name in ("-h", "--help"):
        print(_USAGE, end="")
        return
    if name not in commands:
        near = difflib.get_close_matches(name, commands, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(f"there is no command {name!r}: the commands are {', '.join(commands)}{hint}")
    commands[name](rest)


def _is_noise(error: BaseException | None) -> bool:
    # When one file of a checkpoint cannot be written, TensorStore's threads report every other file in progress to an
    # event loop that is closed by then. Those hundreds of tracebacks add nothing to the error that is raised.
    return isinstance(error, RuntimeError) and str(error) == "Event loop is closed"


def _except_hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not _is_noise(error):
        sys.__excepthook__(kind, error, trace)


def _unraisable_hook(unraisable: "sys.UnraisableHookArgs") -> None:
    if not _is_noise(unraisable.exc_value):
        sys.__unraisablehook__(unraisable)
