"""What several commands share: reading an experiment and its flags, flags of commands that read a run, and JAX."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro
from tyro.conf import arg

from gan_jax.common.errors import UsageError, refused

if TYPE_CHECKING:
    from rich.console import Console

    from gan_jax.game import Game
    from gan_jax.sharing import Exported
    from gan_jax.training import Settings
    from gan_jax.training.experiment import Experiment
    from gan_jax.training.run_folder import Run

# The random seed of the latents of samples that are drawn or evaluated, unless users give another one.
SEED = 1

# Flags of the commands that read a run.
Checkpoint = Annotated[
    int | Literal["best"] | None,
    arg(
        metavar="STEP|best",
        help="The step of the checkpoint to use, or best for the one that --evaluate-every has kept. By default it is "
        "the newest one that is intact.",
    ),
]
Trust = Annotated[
    bool,
    arg(help="Run the code in the run folder even if the folder comes from elsewhere. Read that code first."),
]


def parse_experiment(
    command: str, arguments: list[str], options: "Callable[[type[Settings]], type]", note: str = ""
) -> "tuple[Experiment, Any]":
    """Loads the experiment that `arguments` start with, and parses the rest of them as flags.

    `options` makes the dataclass whose fields are the flags from the experiment's Config. `note` is added to the help
    text. Returns the experiment and an instance of that dataclass. Raises UsageError for a file that is not an
    experiment, and SystemExit for flags that cannot be parsed and after --help.
    """
    from gan_jax.training import Settings
    from gan_jax.training.experiment import load_experiment

    if not arguments or arguments[0] in ("-h", "--help"):
        tyro.cli(options(Settings), prog=f"gan-jax {command} EXPERIMENT.py", args=["--help"], description=note or None)
    if arguments[0].startswith("-"):
        raise UsageError(f"the experiment's file comes first: gan-jax {command} EXPERIMENT.py {' '.join(arguments)}")
    experiment = load_experiment(Path(arguments[0]))
    return experiment, parse_flags(command, arguments, options(experiment.config), experiment, note)


def parse_flags(
    command: str, arguments: list[str], options: type, experiment: "Experiment", note: str = "", **default: Any
) -> Any:
    """Parses the flags that follow the first of `arguments`, the file of an experiment or the folder of its run.

    Returns an instance of the dataclass `options`. With `default`, another instance, flags that are not given have its
    values.
    """
    return tyro.cli(
        options,
        prog=f"gan-jax {command} {arguments[0]}",
        args=arguments[1:],
        description=f"{experiment.doc}\n\n{note}".strip(),
        **default,
    )


def load_run_or_export(folder: Path, trust: bool) -> "Run | Exported":
    """Loads the run in `folder` as `load_run` does, or reads the export there, which need not be trusted."""
    from gan_jax.sharing import is_export, load_export
    from gan_jax.training.run_folder import load_run

    return load_export(folder) if is_export(folder) else load_run(folder, trust=trust)


def standing(game: "Game", networks: dict[str, Any], batches: int, folder: Path) -> dict[str, Any]:
    """`with_standing_statistics` for the run or export in `folder`; UsageError where that cannot be."""
    from gan_jax.inference import with_standing_statistics

    with refused(f"--standing-statistics {batches} for {folder}"):
        return with_standing_statistics(game, networks, batches)


def check_seed(seed: int, flag: str = "--seed") -> None:
    """Raises UsageError for a seed that is negative or has more than the 32 bits that JAX uses."""
    if seed < 0:
        raise UsageError(f"{flag} must be at least 0, not {seed}")
    if seed >= 2**32:
        raise UsageError(f"{flag} must be below {2**32}, not {seed}")


def names_folder(path: str) -> bool:
    """Whether a path given on the command line is a folder, by its end or because it exists."""
    return path.endswith(("/", os.sep)) or Path(path).is_dir()


def start_jax() -> "Console":
    """Sets JAX up and returns the console for messages.

    Joins the other processes of the run, if there are any, and keeps compiled programs in the cache. Only the first
    process prints anything.
    """
    import jax

    from gan_jax.commands.output import output
    from gan_jax.data import cache_dir
    from gan_jax.training.distributed import join

    join()
    jax.config.update("jax_compilation_cache_dir", str(cache_dir() / "xla"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    quiet = jax.process_index() > 0
    return output(open(os.devnull, "w") if quiet else sys.stdout, soft_wrap=True)
