"""gan-jax edit: moves latents along a direction, and draws what becomes of the images."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from tyro.conf import Positional, arg

from gan_jax.commands.sample_output import Drawn, Form, form_of, write_samples
from gan_jax.commands.shared import SEED, Checkpoint, Trust, check_seed, start_jax
from gan_jax.common.errors import UsageError, refused

if TYPE_CHECKING:
    import numpy as np

    from gan_jax.game import Game
    from gan_jax.training.run_folder import Run


@dataclass(frozen=True)
class Edit:
    """Moves latents along a direction: each row of the picture is one sample, from -S to S.

    Exactly one of --class, --sefa and --ganspace names the direction. OUT.png is a picture, OUT.gif an animation,
    OUT.npz holds the images with their latents, and OUT/ is a folder of single images."""

    run: Annotated[Positional[Path], arg(metavar="RUN")]
    """Folder of the run."""

    out: Annotated[Positional[str], arg(metavar="OUT")]
    """Where to write: a name that ends in .png, .jpg, .jpeg, .gif or .npz, or a folder, with / at its end."""

    class_name: Annotated[str | None, arg(name="class")] = None
    """Towards this class, and away from the others: found from labelled images."""

    labels: Annotated[str | None, arg(metavar="SPEC")] = None
    """The dataset whose classes --class names, such as folder:PATH. By default it is that of the run."""

    sefa: Annotated[int | None, arg(metavar="K")] = None
    """Direction K of SeFa, from 1: found without labels from the weights that latents enter the generator by."""

    ganspace: Annotated[int | None, arg(metavar="K")] = None
    """Direction K of GANSpace, from 1: found without labels from the generator's activations."""

    latents: Path | None = None
    """File of latents to move, such as gan-jax invert writes. By default they are drawn."""

    count: int = 8
    """Number of samples that are drawn."""

    seed: int = SEED
    """Random seed of the latents that are drawn."""

    strength: Annotated[float, arg(metavar="S")] = 3.0
    """How far latents are moved to each side. Most latents are standard normal, so 3 is far."""

    columns: int = 9
    """Number of steps from one side to the other."""

    checkpoint: Checkpoint = None

    trust: Trust = False


def edit_command(arguments: list[str]) -> None:
    """Runs `gan-jax edit RUN OUT [flags]`."""
    options = tyro.cli(Edit, prog="gan-jax edit", args=arguments)
    form = form_of(options.out)
    if form is Form.LINES:
        raise UsageError(f"{options.out}: images are edited, and a .txt file holds texts")
    _check(options)
    console = start_jax()

    import numpy as np

    from gan_jax.inference import decode, draw_latents, labels_of, latent_array, latent_count, moved, read_latents
    from gan_jax.training.run_folder import load_run

    run = load_run(options.run, trust=options.trust)
    game, step, networks = run.restore(options.checkpoint)
    if game.translate or len(run.info.example_shape) != 3:
        raise UsageError(f"{options.run}: images are edited, and the run has {_kind(game, run)}")
    if options.latents is None:
        latents = draw_latents(game, options.count, options.seed)
    else:
        latents = read_latents(options.latents, game, run.info.classes)
    direction, name = _direction(options, run, game, networks)
    strengths = np.linspace(-options.strength, options.strength, options.columns)
    count, places = latent_count(latents), moved(latents, direction, strengths)
    classes = labels_of(game, places)
    stem = f"seed{options.seed}" if options.latents is None else "latent"
    drawn = Drawn(
        samples=decode(game, networks, places),
        latents=latent_array(game, places) if form is Form.ARRAYS else None,
        labels=None if classes is None else [run.info.classes[label] for label in classes],
        names=[f"{stem}_{row:03d}_step{column:02d}" for row in range(count) for column in range(options.columns)],
        columns=options.columns,
        interpolated=True,
        real=None,
    )
    write_samples(drawn, Path(options.out), form)
    rows = "1 sample" if count == 1 else f"{count} samples"
    console.print(f"{rows} of step {step} moved {name}, {strengths[0]:g} to {strengths[-1]:g}: {options.out}")


def _check(options: Edit) -> None:
    """Raises UsageError for flags that do not fit each other or are out of range."""
    ways = {"--class": options.class_name, "--sefa": options.sefa, "--ganspace": options.ganspace}
    given = [flag for flag, value in ways.items() if value is not None]
    if len(given) != 1:
        said = f"not {' and '.join(given)}" if given else "and none is given"
        raise UsageError(f"one of {', '.join(ways)} names the direction, {said}")
    if options.labels is not None and options.class_name is None:
        raise UsageError("--labels says where the class of --class comes from: give --class too")
    for flag, value, least in (
        *((flag, value, 1) for flag, value in ways.items() if isinstance(value, int)),
        ("--count", options.count, 1),
        ("--columns", options.columns, 2),
    ):
        if value < least:
            raise UsageError(f"{flag} must be at least {least}, not {value}")
    if not 0 < options.strength < float("inf"):
        raise UsageError(f"--strength must be above 0, not {options.strength}")
    check_seed(options.seed)


def _direction(options: Edit, run: "Run", game: "Game", networks: dict[str, Any]) -> "tuple[np.ndarray, str]":
    """The direction that the flags name, and what it is called. Raises UsageError if there is none."""
    from gan_jax.inference import activation_directions, factorized_directions

    if options.class_name is not None:
        return _towards(options.class_name, options, run, game, networks), f"towards {options.class_name}"
    name, number = ("SeFa", options.sefa) if options.sefa is not None else ("GANSpace", options.ganspace)
    assert number is not None
    find = factorized_directions if options.sefa is not None else activation_directions
    with refused(options.run):
        found = find(game, networks)
    if number > len(found):
        raise UsageError(f"--{name.lower()} {number}: the run has {len(found)} directions of {name}")
    return found[number - 1], f"along direction {number} of {name}"


def _towards(name: str, options: Edit, run: "Run", game: "Game", networks: dict[str, Any]) -> "np.ndarray":
    """The direction towards a class of a dataset."""
    import numpy as np

    from gan_jax.data import load
    from gan_jax.data.batching import pick
    from gan_jax.inference import class_number, labelled_direction

    settings = run.settings
    spec = options.labels or settings.dataset
    data = load(spec, resolution=run.info.image_shape[:2], data_dir=settings.data_dir)
    if data.example_shape != run.info.example_shape:
        here, there = ("x".join(map(str, each)) for each in (data.example_shape, run.info.example_shape))
        raise UsageError(f"--labels {spec}: its images are {here} (height x width x channels), and the run's {there}")
    if data.train.labels is None:
        raise UsageError(f"--class {name}: the images of {spec} have no labels")
    with refused(f"--class {name} for {spec}"):
        number = class_number(name, data.classes)
    labels = data.train.labels
    sides = [np.flatnonzero((labels >= 0) & (labels != number)), np.flatnonzero(labels == number)]
    without, having = (pick(data.train.images, _spread(rows)) for rows in sides)
    with refused(options.run):
        return labelled_direction(game, networks, without, having)


def _spread(rows: "np.ndarray", most: int = 2000) -> "np.ndarray":
    """At most so many rows, evenly spread: the examples of a folder are sorted by class."""
    import numpy as np

    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(int)]


def _kind(game: "Game", run: "Run") -> str:
    return "translations" if game.translate else run.info.kind
