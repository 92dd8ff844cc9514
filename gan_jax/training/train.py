"""Training of one run: connects the game, its program, the loop and the run folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import numpy as np
from rich.console import Console

from gan_jax.common.errors import UsageError, UserError
from gan_jax.data import Dataset, hide_labels, limit_training, load
from gan_jax.game import Game, State, init_state, networks
from gan_jax.inference import grid_columns, picture_count, sample_images, sample_picture, translation_columns
from gan_jax.reporting import column_grid, save_curves, save_image
from gan_jax.training import run_folder
from gan_jax.training.batches import device_data, feed
from gan_jax.training.checkpoints import Checkpoints, host_like, to_device, to_host
from gan_jax.training.experiment import Experiment
from gan_jax.training.held_out import make_measure
from gan_jax.training.loop import BoundProgram, Callbacks, saving_callbacks, train_loop
from gan_jax.training.placement import replicate, unreplicate
from gan_jax.training.program import make_program, program_options, run_once
from gan_jax.training.recorder import Display, MetricsLog, Recorder
from gan_jax.training.settings import Settings, check

_SAMPLE_SEED = 0


def train(experiment: Experiment, settings: Settings, console: Console) -> Path:
    """Trains the experiment in its run folder, or resumes its training. Returns the folder.

    SIGTERM and SIGINT save a checkpoint and end the run early. The same call then resumes it exactly.

    Raises:
      UsageError: the settings or the data are unusable, or the folder holds another run.
      UserError: a loss is not finite, or the folder cannot be written.
      KeyboardInterrupt: SIGINT was received. The state has been saved.
    """
    check(settings)
    if settings.batch_size % jax.device_count():
        raise UsageError(
            f"--batch-size {settings.batch_size} cannot be spread evenly over {jax.device_count()} devices"
        )
    folder = settings.workdir or Path("runs") / experiment.name
    resuming = run_folder.check_same(folder, experiment, settings)
    data = load(settings.dataset, resolution=settings.resolution, data_dir=settings.data_dir)
    data = hide_labels(limit_training(data, settings.examples), settings.labels_per_class)
    game, abstract = run_folder.build(experiment, settings, data.info)

    # The first process of a run writes its folder. The others only train.
    is_writer = jax.process_index() == 0
    if is_writer and not resuming:
        run_folder.create(folder, experiment, settings, data.info)
    checkpoints = Checkpoints(folder / "checkpoints") if is_writer else None
    try:
        state = _resumed_or_new(game, abstract, settings.seed, folder, checkpoints)
        if state.step == settings.steps:
            console.print(f"{folder} is complete: it has trained for its {settings.steps} steps")
        else:
            _train(game, settings, data, folder, state, checkpoints, console)
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {error.strerror or error}") from error
    finally:
        if checkpoints:
            checkpoints.close()
    return folder


def draw_samples(game: Game, state: State, data: Dataset, folder: Path) -> None:
    """Writes a picture of samples of this state, or of translations of held-out images, to the run folder.

    The latents or images are the same at every step.
    """
    if game.translate:
        picture = column_grid(translation_columns(game, networks(state), data.test, _SAMPLE_SEED))
    else:
        count = picture_count(data.info)
        columns = grid_columns(game, count)
        samples = sample_images(game, networks(state), count - count % (columns or 1), _SAMPLE_SEED)  # whole rows
        picture = sample_picture(samples, data.train.images, columns)
    save_image(picture, folder / "samples" / f"step_{int(state.step):08d}.png")


def _resumed_or_new(game: Game, abstract: State, seed: int, folder: Path, checkpoints: Checkpoints | None) -> State:
    saved = run_folder.restore_newest(checkpoints, folder, abstract) if checkpoints else None
    if jax.process_count() > 1:
        saved = _broadcast_restored(saved, host_like(abstract))
    if saved is not None:
        return to_device(saved, abstract)
    return run_once(lambda: init_state(game, jax.random.key(seed)))


def _broadcast_restored(saved: Any | None, like: Any) -> Any | None:
    """Returns on every process the state that the writing process has restored, or None."""
    from jax.experimental.multihost_utils import broadcast_one_to_all

    if not broadcast_one_to_all(np.int32(saved is not None)):
        return None
    if saved is None:
        saved = jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), like)
    return broadcast_one_to_all(saved)


def _train(
    game: Game,
    settings: Settings,
    data: Dataset,
    folder: Path,
    state: State,
    checkpoints: Checkpoints | None,
    console: Console,
) -> None:
    devices, start = jax.device_count(), int(state.step)
    log = MetricsLog(folder, start) if checkpoints else None
    recorder = Recorder(
        log,
        Display(console, settings.steps, start),
        start=start,
        every=settings.log_every,
        examples=settings.batch_size * game.batches_per_step,
        fetch=lambda metrics: jax.device_get([unreplicate(call, devices) for call in metrics]),
    )

    def draw(state: State) -> None:
        if log:
            draw_samples(game, unreplicate(state, devices), data, folder)

    def close() -> None:
        if log:
            log.close()
            if log.rows:
                save_curves(log.rows, folder / "curves.png")

    callbacks = Callbacks(
        measure=make_measure(game, data.test, settings.batch_size, devices) if log else None,
        draw=draw,
        close=close,
        **saving_callbacks(log, checkpoints, lambda state: to_host(unreplicate(state, devices))),
    )
    with _bound_program(game, settings, data, start, devices) as program:
        train_loop(program, recorder, callbacks, replicate(state, devices), start, settings, folder, console)


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
