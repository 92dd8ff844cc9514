"""Training of one run: connects the game, its program, the loop and the run folder."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path

import jax
import numpy as np
from rich.console import Console

from gan_jax.common.errors import UsageError, UserError
from gan_jax.data import Dataset, hide_labels, limit_training, load
from gan_jax.data.batching import pick
from gan_jax.game import Game, State, networks
from gan_jax.inference import grid_columns, picture_count, sample_images, sample_picture, translation_columns
from gan_jax.reporting import EVALUATION, column_grid, save_curves, save_image
from gan_jax.training import run_folder, same_run
from gan_jax.training.batches import device_data, feed
from gan_jax.training.best import Best, Evaluate, Evaluator
from gan_jax.training.checkpoints import Checkpoints
from gan_jax.training.experiment import Experiment
from gan_jax.training.health import SPREAD, sample_spread
from gan_jax.training.held_out import make_measure
from gan_jax.training.interrupts import uninterrupted
from gan_jax.training.lock import writing
from gan_jax.training.loop import BoundProgram, Callbacks, saving_callbacks, train_loop
from gan_jax.training.metrics_file import METRICS, read_rows
from gan_jax.training.overview import describe_start
from gan_jax.training.placement import replicate, unreplicate
from gan_jax.training.program import make_program, program_options
from gan_jax.training.recorder import Display, MetricsLog, Recorder
from gan_jax.training.saved_state import to_host
from gan_jax.training.settings import Settings, check, to_json
from gan_jax.training.start import Start
from gan_jax.training.trackers import check_installed

_SAMPLE_SEED = 0
_CURVES = "curves.png"

# The number of real examples that the spread of samples is compared with.
_REAL = 256


def train(
    experiment: Experiment,
    settings: Settings,
    console: Console,
    may_change: Collection[str] = (),
    evaluator: Evaluator | None = None,
) -> Path:
    """Trains the experiment in its run folder, or resumes its training. Returns the folder.

    SIGTERM, SIGHUP and SIGINT save a checkpoint and end the run early. The same call then resumes it exactly. A run
    that is complete goes on if the settings have more steps.

    may_change: settings that may differ from those of the run that is resumed, see `same_run.check_same`.
    evaluator: prepares the evaluations that the setting `evaluate_every` asks for. There are none without it.

    Raises:
      UsageError: the settings or the data are unusable, the folder holds another run, or another process writes there.
      UserError: a loss is not finite, the game is dead at the end, or the folder cannot be written.
      KeyboardInterrupt: SIGINT was received. The state has been saved.
    """
    check(settings)
    check_installed(settings.track)
    if settings.batch_size % jax.device_count():
        raise UsageError(
            f"--batch-size {settings.batch_size} cannot be spread evenly over {jax.device_count()} devices"
        )
    folder = settings.workdir or Path("runs") / experiment.name
    # The first process of a run writes its folder. The others only train.
    is_writer = jax.process_index() == 0
    with writing(folder) if is_writer else nullcontext():
        config = same_run.check_same(folder, experiment, settings, may_change=may_change) if is_writer else None
        whole = load(settings.dataset, resolution=settings.resolution, data_dir=settings.data_dir)
        description = run_folder.describe_data(whole) if is_writer else {}
        if config:
            same_run.check_data(folder, config, description["fingerprint"], may_change)
        data = hide_labels(limit_training(whole, settings.examples), settings.labels_per_class)
        game, abstract = run_folder.build(experiment, settings, data.info)
        run_folder.check_labels(experiment, settings, game)
        checkpoints = Checkpoints(folder / run_folder.CHECKPOINTS, settings.keep) if is_writer else None
        start = Start(experiment, settings, folder, description, console, game, abstract)
        try:
            state = start.state(config, checkpoints)
            if state.step == settings.steps:
                if is_writer:
                    _draw_missing_curves(folder)
                console.print(
                    f"{folder} is complete: it has trained for its {settings.steps} steps. More --steps extend it."
                )
            else:
                for line in describe_start(folder, experiment, settings, data, abstract):
                    console.print(line)
                evaluate = evaluator(whole, game) if evaluator and settings.evaluate_every and is_writer else None
                _train(game, settings, data, folder, state, checkpoints, console, evaluate)
        except OSError as error:
            raise UserError(f"cannot write to {folder}: {error.strerror or error}") from error
        finally:
            if checkpoints:
                checkpoints.close()
    return folder


def draw_samples(game: Game, state: State, data: Dataset, folder: Path) -> tuple[Path, np.ndarray]:
    """Writes a picture of samples of this state, or of translations of held-out images, to the run folder.

    The latents or images are the same at every step. Returns the path of the picture, and the samples or translations:
    images uint8 (N, H, W, C), texts uint8 (N, L, V) or points (N, D).
    """
    if game.translate:
        columns = translation_columns(game, networks(state), data.test, _SAMPLE_SEED)
        samples, picture = columns[1], column_grid(columns)
    else:
        count = picture_count(data.info)
        columns = grid_columns(game, count)
        samples = sample_images(game, networks(state), count - count % (columns or 1), _SAMPLE_SEED)  # whole rows
        picture = sample_picture(samples, data.train.images, columns, data.characters)
    path = folder / "samples" / f"step_{int(state.step):08d}.png"
    save_image(picture, path)
    return path, samples


def _real_examples(data: Dataset) -> np.ndarray:
    """Returns some of the training examples that samples resemble: images, or targets of translations."""
    side = data.train.images if data.train.targets is None else data.train.targets
    return pick(side, np.linspace(0, len(side) - 1, min(_REAL, len(side))).astype(int))


def _train(
    game: Game,
    settings: Settings,
    data: Dataset,
    folder: Path,
    state: State,
    checkpoints: Checkpoints | None,
    console: Console,
    evaluate: Evaluate | None,
) -> None:
    devices, start = jax.device_count(), int(state.step)
    log = MetricsLog(folder, start, settings.track, to_json(settings)) if checkpoints else None
    real = cache(lambda: _real_examples(data))
    recorder = Recorder(
        log,
        Display(console, settings.steps, start),
        start=start,
        every=settings.log_every,
        examples=settings.batch_size * game.batches_per_step,
        fetch=lambda metrics: jax.device_get([unreplicate(call, devices) for call in metrics]),
    )

    def draw(state: State) -> dict[str, float]:
        if not log:
            return {}
        path, samples = draw_samples(game, unreplicate(state, devices), data, folder)
        log.picture(int(path.stem.removeprefix("step_")), path)
        return {SPREAD: sample_spread(samples, real())} if len(samples) > 1 else {}

    best = Best(folder, start) if evaluate else None

    def judge(step: int, state: State) -> dict[str, float]:
        if not evaluate or not best:
            return {}
        own = unreplicate(state, devices)
        found = evaluate(networks(own))
        recorder.display.say(best.update(step, found, lambda: to_host(own)))
        return {f"{EVALUATION}{name}": x for name, x in found.figures.items()}

    def close() -> None:
        if best:
            best.close()
        if log:
            log.close()
            if log.rows:
                with uninterrupted():  # an interrupted import of Matplotlib would abort the process
                    save_curves(log.rows, folder / _CURVES)

    callbacks = Callbacks(
        measure=make_measure(game, data.test, settings.batch_size, devices) if log else None,
        draw=draw,
        evaluate=judge if evaluate else None,
        close=close,
        **saving_callbacks(log, checkpoints, lambda state: to_host(unreplicate(state, devices))),
    )
    with _bound_program(game, settings, data, start, devices) as program:
        last = train_loop(program, recorder, callbacks, replicate(state, devices), start, settings, folder, console)
    if recorder.dead and unreplicate(last, devices).step == settings.steps:
        raise UserError(f"{folder} is complete, and the game is dead: {recorder.dead}")


def _draw_missing_curves(folder: Path) -> None:
    """Draws the curves of a complete run that was killed after its last checkpoint."""
    metrics, curves = folder / METRICS, folder / _CURVES
    is_drawn = metrics.exists() and curves.exists() and curves.stat().st_mtime >= metrics.stat().st_mtime
    if not is_drawn and (rows := read_rows(metrics)):
        save_curves(rows, curves)


@contextmanager
def _bound_program(game: Game, settings: Settings, data: Dataset, start: int, devices: int) -> Iterator[BoundProgram]:
    options = program_options(settings, data.train, devices)
    feeding = feed(
        data.train,
        seed=settings.seed,
        batch_size=settings.batch_size,
        batches_per_step=game.batches_per_step,
        steps_per_call=options["steps_per_call"],
        start=start,
        devices=devices,
    )
    with feeding as batches:
        on_device = device_data(data.train, devices)
        yield BoundProgram(make_program(game, **options), on_device, batches, options["steps_per_call"])
