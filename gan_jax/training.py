"""The training loop: everything around the step."""

import signal
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np
from rich.console import Console

from gan_jax import runs
from gan_jax.checkpoints import Checkpoints, host_like, to_device, to_host
from gan_jax.data import Dataset, hide_labels, load
from gan_jax.errors import UsageError, UserError
from gan_jax.experiment import Experiment
from gan_jax.feeding import feed, resident
from gan_jax.figures import grid, save_curves, save_image
from gan_jax.game import Game, State, init_state, networks
from gan_jax.interrupts import stop_on_signals
from gan_jax.records import Display, MetricsLog, Recorder
from gan_jax.sampling import grid_columns, sample_images
from gan_jax.settings import Settings, check
from gan_jax.stepping import choose_steps_per_dispatch, first, make_play, replicate, run_once

_SAMPLES = 64
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
    data_dir = str(settings.data_dir) if settings.data_dir else None
    data = load(settings.dataset, resolution=settings.resolution, data_dir=data_dir)
    data = hide_labels(data, settings.labels_per_class)
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


def draw_samples(game: Game, state: State, folder: Path) -> None:
    """Writes the run folder's grid of samples of this state. The latents are always the same."""
    images = sample_images(game, networks(state), _SAMPLES, _SAMPLE_SEED)
    save_image(grid(images, grid_columns(game, _SAMPLES)), folder / "samples" / f"step_{int(state.step):08d}.png")


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
    devices = jax.device_count()
    start = step = int(state.step)
    chunk = settings.steps_per_dispatch or choose_steps_per_dispatch()
    chunk = chunk if data.train.in_memory else 1
    program = make_play(
        game, chunk=chunk, devices=devices, flip=settings.flip, precision=settings.precision, remat=settings.remat
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
    log = MetricsLog(folder, step) if checkpoints else None
    display = Display(console, settings.steps, step)
    recorder = Recorder(
        log,
        display,
        start=start,
        every=settings.log_every,
        examples=settings.batch_size * game.parts,
        fetch=lambda calls: jax.device_get([(step, count, first(metrics, devices)) for step, count, metrics in calls]),
    )

    def due(every: int) -> bool:
        return step % every == 0 or step == settings.steps

    def draw() -> None:
        if log:
            draw_samples(game, first(state, devices), folder)

    def save() -> None:
        # Recorded and checked first: a checkpoint never holds what came of a loss that was not finite.
        recorder.record()
        if log and checkpoints:
            log.flush()
            checkpoints.save(step, to_host(first(state, devices)))

    began = time.monotonic()
    if start:
        console.print(f"resuming {folder} at step {start} of {settings.steps}")
    on_devices = resident(data.train, devices)
    state = replicate(state, devices)
    try:
        with stop_on_signals() as stop, display, items_from as items:
            while step < settings.steps and not stop.agreed():
                ends = [step + every - step % every for every in (settings.sample_every, settings.checkpoint_every)]
                count = min(step + chunk, settings.steps, *ends) - step
                state, metrics = program(state, on_devices, items(step), count)
                if step == start:
                    jax.block_until_ready(metrics)
                    console.print(f"compiled in {time.monotonic() - began:.1f} s")
                    began = time.monotonic()
                    recorder.restart_clock(step + count)
                recorder.add(step, count, metrics)
                step += count
                if due(settings.checkpoint_every):
                    save()
                if due(settings.sample_every):
                    draw()
            if stop.signal and not due(settings.checkpoint_every) and step > start:
                save()
            if checkpoints:
                checkpoints.wait()
    finally:
        if log:
            log.close()
            if log.rows:
                save_curves(log.rows, folder / "curves.png")
    if stop.signal and step < settings.steps:
        console.print(f"{stop.signal.name}: saved at step {step}; the same command goes on from there")
        if stop.signal == signal.SIGINT:
            raise KeyboardInterrupt
    else:
        console.print(f"played {step - start} steps in {time.monotonic() - began:.1f} s: {folder}")
