"""What several commands do first: read an experiment and its flags, check a seed, and set JAX up."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro

from gan_jax.common.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from gan_jax.training import Settings
    from gan_jax.training.experiment import Experiment


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
    given = tyro.cli(
        options(experiment.config),
        prog=f"gan-jax {command} {arguments[0]}",
        args=arguments[1:],
        description=f"{experiment.doc}\n\n{note}".strip(),
    )
    return experiment, given


def check_seed(seed: int) -> None:
    """Raises UsageError for a negative seed."""
    if seed < 0:
        raise UsageError(f"--seed must be at least 0, not {seed}")


def start_jax() -> "Console":
    """Sets JAX up and returns the console for messages.

    Joins the other processes of the run, if there are any, and keeps compiled programs in the cache. Only the first
    process prints anything.
    """
    import jax
    from rich.console import Console

    from gan_jax.data import cache_dir
    from gan_jax.training.distributed import join

    join()
    jax.config.update("jax_compilation_cache_dir", str(cache_dir() / "xla"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    quiet = jax.process_index() > 0
    return Console(file=open(os.devnull, "w") if quiet else sys.stdout, soft_wrap=True, highlight=False)
