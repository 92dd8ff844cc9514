"""Training one run: what the loop calls, and the folder it fills."""

from pathlib import Path
from typing import Any

import jax
import numpy as np
from rich.console import Console

from gan_jax import runs
from gan_jax.checkpoints import Checkpoints, host_like, to_device, to_host
from gan_jax.data import Dataset, hide_labels, limit_training, load
from gan_jax.errors import UsageError, UserError
from gan_jax.experiment import Experiment
from gan_jax.feeding import feed, resident
from gan_jax.figures import save_curves, save_image
from gan_jax.game import Game, State, init_state, networks
from gan_jax.loop import Parts, play
from gan_jax.measuring import make_measure
from gan_jax.portraits import columns_portrait, enough, portrait
from gan_jax.records import Display, MetricsLog, Recorder
from gan_jax.sampling import grid_columns, sample_images
from gan_jax.settings import Settings, check
from gan_jax.stepping import Augment, choose_steps_per_dispatch, first, make_play, replicate, run_once
from gan_jax.translating import translation_columns

_SAMPLE_SEED = 0


def train(experiment: Experiment, settings: Settings, console: Console) -> Path:
    """Trains, or goes on training, the experiment in its run folder, and returns the folder.

    SIGTERM and SIGINT save a checkpoint and end the run early; the same call then resumes it exactly.

    Raises:
      UsageError: settings or data that cannot be used, or a folder that holds another run.
      UserError: a non-finite loss, or a disk that cannot be written.
      KeyboardInterrupt: after SIGINT, when all is saved.
    """
    check(settings)
    if settings.batch_size % jax.device_count():
        raise UsageError(
            f"--batch-size {settings.batch_size} cannot be spread evenly over {jax.device_count()} devices"
        )
    folder = settings.workdir or Path("runs") / experiment.name
    resuming = runs.check_same(folder, experiment, settings)
    data = load(settings.dataset, resolution=settings.resolution, data_dir=settings.data_dir)
    data = hide_labels(limit_training(data, settings.examples), settings.labels_per_class)
    game, abstract = runs.build(experiment, settings, data.info)

    # The first of the processes that share a run keeps its folder; the others only play.
    keeps = jax.process_index() == 0
    if keeps and not resuming:
        runs.create(folder, experiment, settings, data.info)
    checkpoints = Checkpoints(folder / "checkpoints") if keeps else None
    try:
        state = _resumed_or_new(game, abstract, settings.seed, checkpoints)
        if state.step == settings.steps:
            console.print(f"{folder} is complete: it has played its {settings.steps} steps")
        else:
            _play(game, settings, data, folder, state, checkpoints, console)
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {error.strerror or error}") from error
    finally:
        if checkpoints:
            checkpoints.close()
    return folder


def draw_samples(game: Game, state: State, data: Dataset, folder: Path) -> None:
    """Writes the run folder's picture of samples of this state, or of translations of held-out images.

    The latents, and the images, are always the same.
    """
    if game.translate:
        picture = columns_portrait(translation_columns(game, networks(state), data.test, _SAMPLE_SEED))
    else:
        count = enough(data.info)
        columns = grid_columns(game, count)
        samples = sample_images(game, networks(state), count - count % (columns or 1), _SAMPLE_SEED)  # whole rows
        picture = portrait(samples, data.train.images, columns)
    save_image(picture, folder / "samples" / f"step_{int(state.step):08d}.png")


def _resumed_or_new(game: Game, abstract: State, seed: int, checkpoints: Checkpoints | None) -> State:
    saved = checkpoints.restore_newest(host_like(abstract)) if checkpoints else None
    if jax.process_count() > 1:
        saved = _from_keeper(saved, host_like(abstract))
    if saved is not None:
        return to_device(saved, abstract)
    return run_once(lambda: init_state(game, jax.random.key(seed)))


def _from_keeper(saved: Any | None, like: Any) -> Any | None:
    """What the process that keeps the folder has restored, on every process."""
    from jax.experimental.multihost_utils import broadcast_one_to_all

    if not broadcast_one_to_all(np.int32(saved is not None)):
        return None
    if saved is None:
        saved = jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), like)
    return broadcast_one_to_all(saved)


def _play(
    game: Game,
    settings: Settings,
    data: Dataset,
    folder: Path,
    state: State,
    checkpoints: Checkpoints | None,
    console: Console,
) -> None:
    devices, start = jax.device_count(), int(state.step)
    chunk = settings.steps_per_dispatch or choose_steps_per_dispatch() if data.train.in_memory else 1
    program = make_play(
        game,
        chunk=chunk,
        devices=devices,
        augment=Augment(settings.flip, settings.jitter, data.train.paired),
        precision=settings.precision,
        remat=settings.remat,
    )
    items_from = feed(
        data.train,
        seed=settings.seed,
        batch_size=settings.batch_size,
        parts=game.parts,
        chunk=chunk,
        start=start,
        devices=devices,
    )
    log = MetricsLog(folder, start) if checkpoints else None
    display = Display(console, settings.steps, start)
    recorder = Recorder(
        log,
        display,
        start=start,
        every=settings.log_every,
        examples=settings.batch_size * game.parts,
        fetch=lambda metrics: jax.device_get([first(call, devices) for call in metrics]),
    )

    def draw(state: State) -> None:
        if log:
            draw_samples(game, first(state, devices), data, folder)

    def save(step: int, state: State) -> None:
        if log and checkpoints:
            log.flush()
            checkpoints.save(step, to_host(first(state, devices)))

    def close() -> None:
        if log:
            log.close()
            if log.rows:
                save_curves(log.rows, folder / "curves.png")

    with items_from as items:
        parts = Parts(
            program=program,
            chunk=chunk,
            resident=resident(data.train, devices),
            items=items,
            recorder=recorder,
            display=display,
            measure=make_measure(game, data.test, settings.batch_size, devices) if log else None,
            draw=draw,
            save=save,
            wait=checkpoints.wait if checkpoints else lambda: None,
            close=close,
        )
        play(parts, replicate(state, devices), start, settings, folder, console)
