"""The command line: gan-jax train | sweep | sample | translate | evaluate."""

import dataclasses
import difflib
import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from rich.console import Console
from tyro.conf import Positional, UseAppendAction, arg

from gan_jax.errors import UsageError, UserError

if TYPE_CHECKING:
    from gan_jax.experiment import Experiment
    from gan_jax.settings import Settings

_USAGE = """\
usage: gan-jax COMMAND ...

commands:
  train EXPERIMENT.py [flags]   train an experiment, or go on with it
  sweep EXPERIMENT.py [flags]   train it with many seeds and settings at once, and compare them
  sample RUN [flags]            draw a picture of samples from a trained run
  translate RUN IN OUT [flags]  translate images by a trained run that does so
  evaluate RUN [flags]          measure a trained run against held-out data

Each tells its flags with --help; train and sweep do so for the experiment at hand.
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
    commands = {"train": _train, "sweep": _sweep, "sample": _sample, "translate": _translate, "evaluate": _evaluate}
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
    experiment, settings = _parsed("train", arguments, lambda config: config)
    console = _start()

    from gan_jax.training import train

    train(experiment, settings, console)


def _sweep(arguments: list[str]) -> None:
    note = "Trains many runs in one program. Their folder is --workdir, runs/EXPERIMENT_sweep by default."
    experiment, options = _parsed("sweep", arguments, _sweep_options, note)
    console = _start()

    from gan_jax.members import parse_varied
    from gan_jax.sweeping import sweep

    varied = parse_varied([word for words in options.vary for word in words], experiment.config)
    sweep(experiment, options.settings, options.seeds, varied, console)


def _sweep_options(config: "type[Settings]") -> type:
    """The experiment's own flags, and those of a sweep."""
    seeds = arg(help="How many seeds: --seed and the ones that follow it.")
    vary = arg(
        help="A float setting and the values to try of it; may be given for several settings, "
        "whose combinations are all trained.",
        metavar="NAME=V1,V2,...",
    )
    fields: list[Any] = [
        ("settings", Annotated[config, arg(name="")]),
        ("seeds", Annotated[int, seeds], dataclasses.field(default=8)),
        ("vary", Annotated[tuple[tuple[str, ...], ...], UseAppendAction, vary], dataclasses.field(default=())),
    ]
    return dataclasses.make_dataclass("Sweep", fields, frozen=True, kw_only=True)


def _parsed(
    command: str, arguments: list[str], options: "Callable[[type[Settings]], type]", note: str = ""
) -> "tuple[Experiment, Any]":
    """The experiment that `arguments` begin with, and its `options`, made from its Config, as the rest gives them."""
    from gan_jax.experiment import load_experiment
    from gan_jax.settings import Settings

    if not arguments or arguments[0] in ("-h", "--help"):
        tyro.cli(options(Settings), prog=f"gan-jax {command} EXPERIMENT.py", args=["--help"], description=note or None)
    if arguments[0].startswith("-"):
        raise UsageError(f"the experiment's file comes first: gan-jax {command} EXPERIMENT.py {' '.join(arguments)}")
    experiment = load_experiment(Path(arguments[0]))
    prog = f"gan-jax {command} {arguments[0]}"
    given = tyro.cli(
        options(experiment.config), prog=prog, args=arguments[1:], description=f"{experiment.doc}\n\n{note}".strip()
    )
    return experiment, given


@dataclass(frozen=True)
class _Sample:
    """Draws samples from the newest checkpoint of a run, as one picture: a grid of images, or points over real ones."""

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    """The run's folder."""

    count: int | None = None
    """How many samples: 64 images or 2,000 points unless given."""

    seed: int = 1
    """Of the latents."""

    out: Path = Path("samples.png")
    """The picture to write."""

    class_name: Annotated[str | None, arg(name="class")] = None
    """Draw samples of this class only, of a conditional run."""

    interpolate: bool = False
    """Draw walks instead: each row of the grid, or each line through points, goes from one latent to another."""


def _sample(arguments: list[str]) -> None:
    options = tyro.cli(_Sample, prog="gan-jax sample", args=arguments)
    if options.count is not None and options.count < 1:
        raise UsageError(f"--count must be at least 1, not {options.count}")
    if options.seed < 0:
        raise UsageError(f"--seed must be at least 0, not {options.seed}")
    console = _start()

    from gan_jax.data import load
    from gan_jax.figures import save_image
    from gan_jax.portraits import enough, portrait, walks_portrait
    from gan_jax.runs import attempt, load_run
    from gan_jax.sampling import grid_columns, interpolate_images, of_class, sample_images

    run = load_run(options.run)
    game, step, networks = run.restore()
    if game.translate:
        raise UsageError(f"{options.run} translates images and draws no samples: use gan-jax translate {options.run}")
    count = options.count or enough(run.info)
    if options.class_name is not None:
        try:
            game = of_class(game, _class_number(options.class_name, run.info.classes))
        except ValueError as error:
            raise UsageError(f"--class {options.class_name} for {options.run}: {error}") from error
    # Points are drawn over real ones, and no point is far to fetch; images need none.
    points = len(run.info.example_shape) == 1
    real = load(run.settings.dataset, resolution=run.settings.resolution).train.images if points else None
    if options.interpolate:
        columns = max(2, round(count**0.5))
        samples = interpolate_images(game, networks, -(-count // columns), columns, options.seed)
        picture = walks_portrait(samples, columns, real)
    else:
        columns = grid_columns(game, count)
        count -= 0 if options.count else count % (columns or 1)  # whole rows, unless one asks for a number
        samples = sample_images(game, networks, count, options.seed)
        picture = portrait(samples, real, columns)
    attempt(options.out, lambda: save_image(picture, options.out))
    console.print(f"{len(samples)} samples of step {step}: {options.out}")


def _class_number(name: str, classes: Sequence[str]) -> int:
    """Raises ValueError for a class that there is not."""
    if name in classes:
        return classes.index(name)
    near = difflib.get_close_matches(name, classes, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    listed = ", ".join(classes[:20]) + (", ..." if len(classes) > 20 else "")
    raise ValueError(f"there is no such class; {f'there are {listed}' if classes else 'its data have none'}{hint}")


@dataclass(frozen=True)
class _Translate:
    """Translates images by the newest checkpoint of a run, each at its own size. Writes PNG files."""

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    """The run's folder."""

    source: Annotated[Positional[Path], arg(metavar="IN")]
    """An image, or a folder of images."""

    out: Annotated[Positional[Path], arg(metavar="OUT")]
    """The image to write, or the folder, which gets the names of those in IN."""

    direction: str = "AtoB"
    """AtoB, from images to targets, or BtoA of a run that learned both."""

    resize: bool = False
    """Resize what does not fit the network's strides to the nearest size that does; it is refused otherwise."""

    seed: int = 1
    """Of the noise, where the network has some."""


def _translate(arguments: list[str]) -> None:
    options = tyro.cli(_Translate, prog="gan-jax translate", args=arguments)
    if options.seed < 0:
        raise UsageError(f"--seed must be at least 0, not {options.seed}")
    console = _start()

    from gan_jax.runs import load_run
    from gan_jax.translation_files import translate_files

    run = load_run(options.run)
    count, step = translate_files(run, options.source, options.out, options.direction, options.resize, options.seed)
    console.print(f"{count} {'image' if count == 1 else 'images'} translated by step {step}: {options.out}")


@dataclass(frozen=True)
class _Evaluate:
    """Measures samples of a run's newest checkpoint against held-out data, beside real training data.

    Of a run that translates images: translations of held-out images against the true ones."""

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    """The run's folder."""

    seed: int = 1
    """Of the latents, or of the noise in translations."""

    data_dir: Path | None = None
    """Where prepared TFDS datasets lie; $TFDS_DATA_DIR or ~/tensorflow_datasets by default."""


def _evaluate(arguments: list[str]) -> None:
    options = tyro.cli(_Evaluate, prog="gan-jax evaluate", args=arguments)
    console = _start()

    from gan_jax.data import load
    from gan_jax.evaluation import evaluate_game
    from gan_jax.runs import load_run, write_evaluation

    run = load_run(options.run)
    game, step, networks = run.restore()
    data = load(run.settings.dataset, resolution=run.settings.resolution, data_dir=options.data_dir)
    evaluation = evaluate_game(data, game, networks, options.seed)
    evaluation.report(console)
    path = write_evaluation(run.folder, step, options.seed, evaluation.to_json())
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
