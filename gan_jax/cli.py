"""The command line: gan-jax train | sample | evaluate."""

import difflib
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Annotated

import tyro
from rich.console import Console
from tyro.conf import Positional, arg

from gan_jax.errors import UsageError, UserError

_USAGE = """\
usage: gan-jax COMMAND ...

commands:
  train EXPERIMENT.py [flags]   train an experiment, or go on with it
  sample RUN [flags]            draw a grid of samples from a trained run
  evaluate RUN [flags]          measure a trained run against held-out data

Each tells its flags with --help; train does so for the experiment at hand.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point. Ends the process with 0, 1 for a run that failed, 2 for bad usage, 130 after Ctrl-C."""
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    for name in ("absl", "asyncio"):  # Orbax's commentary: what goes wrong in it is also raised
        logging.getLogger(name).setLevel(logging.CRITICAL)
    sys.excepthook, sys.unraisablehook = _except_hook, _unraisable_hook
    try:
        _run(list(sys.argv[1:] if arguments is None else arguments))
    except UserError as error:
        print(f"gan-jax: error: {error}", file=sys.stderr)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        print("gan-jax: interrupted", file=sys.stderr)
        sys.exit(130)


def _is_noise(error: BaseException | None) -> bool:
    # When one file of a checkpoint fails, TensorStore's threads report all that were under way with it to an event
    # loop that is gone by then: hundreds of tracebacks that say nothing beside the one error that is raised.
    return isinstance(error, RuntimeError) and str(error) == "Event loop is closed"


def _except_hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not _is_noise(error):
        sys.__excepthook__(kind, error, trace)


def _unraisable_hook(unraisable: "sys.UnraisableHookArgs") -> None:
    if not _is_noise(unraisable.exc_value):
        sys.__unraisablehook__(unraisable)


def _run(arguments: list[str]) -> None:
    commands = {"train": _train, "sample": _sample, "evaluate": _evaluate}
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_USAGE, end="")
        if not arguments:
            sys.exit(2)
        return
    if arguments[0] not in commands:
        near = difflib.get_close_matches(arguments[0], commands, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(f"no command {arguments[0]!r}: give one of {', '.join(commands)}{hint}")
    commands[arguments[0]](arguments[1:])


def _train(arguments: list[str]) -> None:
    from gan_jax.experiment import load_experiment
    from gan_jax.settings import Settings

    if not arguments or arguments[0] in ("-h", "--help"):
        tyro.cli(Settings, prog="gan-jax train EXPERIMENT.py", args=["--help"])
    if arguments[0].startswith("-"):
        raise UsageError(f"the experiment's file comes first: gan-jax train EXPERIMENT.py {' '.join(arguments)}")
    experiment = load_experiment(Path(arguments[0]))
    prog = f"gan-jax train {arguments[0]}"
    settings = tyro.cli(experiment.config, prog=prog, args=arguments[1:], description=experiment.doc)
    console = _start()

    from gan_jax.training import train

    train(experiment, settings, console)


@dataclass(frozen=True)
class _Sample:
    """Draws samples from the newest checkpoint of a run, as one picture."""

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    """The run's folder."""

    count: int = 64
    """How many samples."""

    seed: int = 1
    """Of the latents."""

    out: Path = Path("samples.png")
    """The picture to write."""

    interpolate: bool = False
    """Draw walks instead: each row of the grid goes from one latent to another."""


def _sample(arguments: list[str]) -> None:
    options = tyro.cli(_Sample, prog="gan-jax sample", args=arguments)
    if options.count < 1:
        raise UsageError(f"--count must be at least 1, not {options.count}")
    if options.seed < 0:
        raise UsageError(f"--seed must be at least 0, not {options.seed}")
    console = _start()

    from gan_jax.figures import grid, save_image
    from gan_jax.runs import attempt, load_run
    from gan_jax.sampling import interpolate_images, sample_images

    game, step, networks = load_run(options.run).restore()
    columns = max(2, round(options.count**0.5))
    if options.interpolate:
        rows = -(-options.count // columns)
        images = interpolate_images(game, networks, rows, columns, options.seed)
    else:
        images = sample_images(game, networks, options.count, options.seed)
    picture = grid(images, columns if options.interpolate else None)
    attempt(options.out, lambda: save_image(picture, options.out))
    console.print(f"{len(images)} samples of step {step}: {options.out}")


@dataclass(frozen=True)
class _Evaluate:
    """Measures samples of a run's newest checkpoint against held-out data, beside real training data."""

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    """The run's folder."""

    seed: int = 1
    """Of the latents."""

    data_dir: Path | None = None
    """Where prepared TFDS datasets lie; $TFDS_DATA_DIR or ~/tensorflow_datasets by default."""


def _evaluate(arguments: list[str]) -> None:
    options = tyro.cli(_Evaluate, prog="gan-jax evaluate", args=arguments)
    console = _start()

    import json

    from gan_jax.data import load
    from gan_jax.evaluation import evaluate_sampler, report, to_json
    from gan_jax.runs import load_run, write_text
    from gan_jax.sampling import sample_images

    run = load_run(options.run)
    game, step, networks = run.restore()
    data_dir = str(options.data_dir) if options.data_dir else None
    data = load(run.settings.dataset, resolution=run.settings.resolution, data_dir=data_dir)
    evaluation = evaluate_sampler(
        data, lambda count, seed: sample_images(game, networks, count, seed), count=None, seed=options.seed
    )
    report(evaluation, console)
    path = run.folder / "evaluation.json"
    write_text(path, json.dumps({"step": step, "seed": options.seed, **to_json(evaluation)}, indent=2) + "\n")
    console.print(f"written to {path}")


def _start() -> Console:
    """Sets JAX up: joins the other processes of the run, if there are any, and keeps compiled programs."""
    import jax

    from gan_jax.data import cache_dir
    from gan_jax.distributed import join

    join()
    jax.config.update("jax_compilation_cache_dir", str(cache_dir() / "xla"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    quiet = jax.process_index() > 0
    return Console(file=open(os.devnull, "w") if quiet else sys.stdout, soft_wrap=True, highlight=False)
