"""The training loop. It is the same for a single run and for the members of a sweep."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
from rich.console import Console

from gan_jax.common.errors import UserError
from gan_jax.game import State
from gan_jax.training.checkpoints import Checkpoints
from gan_jax.training.held_out import Measure
from gan_jax.training.interrupts import Stop, stop_on_signals
from gan_jax.training.program import Packed, TrainProgram
from gan_jax.training.recorder import MetricsFile, Recorder
from gan_jax.training.settings import Settings


@dataclass(frozen=True)
class BoundProgram:
    """A program with its data and batches.

    program, data: see `program.make_program`.
    batches: a function from a step to the batches of the call that starts there.
    steps_per_call: the largest number of steps in a call.
    """

    program: TrainProgram
    data: Any
    batches: Callable[[int], Any]
    steps_per_call: int

    def __call__(self, state: State, step: int, count: int) -> tuple[State, Packed]:
        """Trains for `count` steps from `step`."""
        return self.program(state, self.data, self.batches(step), count)


@dataclass(frozen=True)
class Callbacks:
    """The functions that the loop calls in addition to the program. They take the program's state, on all devices.

    measure: measures the state, every `sample_every` steps. None for no measures.
    draw: draws a picture of samples, every `sample_every` steps and at the end. Returns measures of the samples.
    save: (step, state) -> None. It starts to write a checkpoint. All metrics up to this step are recorded before.
    wait: waits until all checkpoints are written.
    close: is called last, also after an error.
    evaluate: (step, state) -> figures. It evaluates the state, every `evaluate_every` steps. None for no evaluations.
    """

    measure: Measure | None
    draw: Callable[[State], dict[str, float]]
    save: Callable[[int, State], None]
    wait: Callable[[], None]
    close: Callable[[], None]
    evaluate: Callable[[int, State], dict[str, float]] | None = None


def saving_callbacks(
    log: MetricsFile | None, checkpoints: Checkpoints | None, to_host: Callable[[State], State]
) -> dict[str, Callable]:
    """Returns the callbacks `save` and `wait`. They do nothing in processes without a log and checkpoints.

    to_host: copies the program's state to the host.
    """

    def save(step: int, state: State) -> None:
        if log and checkpoints:
            log.flush()
            checkpoints.save(step, to_host(state))

    return {"save": save, "wait": checkpoints.wait if checkpoints else lambda: None}


def train_loop(
    program: BoundProgram,
    recorder: Recorder,
    callbacks: Callbacks,
    state: State,
    start: int,
    settings: Settings,
    folder: Path,
    console: Console,
) -> State:
    """Trains from `state` at step `start` to the end or until a signal. Returns the last state.

    Raises:
      UserError: a loss is not finite, or a checkpoint cannot be written.
      KeyboardInterrupt: SIGINT was received. The state has been saved.
    """
    step = start

    def due(every: int) -> bool:
        return step % every == 0 or step == settings.steps

    def save() -> None:
        # The metrics are checked first, so that a checkpoint never holds the result of a loss that was not finite.
        recorder.record()
        callbacks.save(step, state)

    def evaluate(evaluation: Callable[[int, State], dict[str, float]]) -> dict[str, float]:
        try:
            return evaluation(step, state)
        except UserError:
            recorder.record()  # a loss that is not finite explains more than samples that are not
            raise

    if start:
        console.print(f"resuming {folder} at step {start} of {settings.steps}")
    began = time.monotonic()
    try:
        with stop_on_signals() as stop, recorder.display:
            while step < settings.steps and not stop.agreed():
                count = _steps_until_due(step, program.steps_per_call, settings)
                state, metrics = program(state, step, count)
                if step == start:
                    jax.block_until_ready(metrics)
                    console.print(f"compiled in {time.monotonic() - began:.1f} s")
                    began = time.monotonic()
                    recorder.restart_clock(step + count)
                recorder.add(step, count, metrics)
                step += count
                if callbacks.measure and step % settings.sample_every == 0:
                    # Measures and pictures come before the checkpoint, since a run that resumes there repeats neither.
                    recorder.measured(step, callbacks.measure(state))
                if due(settings.sample_every):
                    drawn = callbacks.draw(state)
                    if step % settings.sample_every == 0:  # a longer run would not draw at the end of this one
                        recorder.measured(step, drawn)
                if callbacks.evaluate and step % settings.evaluate_every == 0:
                    recorder.measured(step, evaluate(callbacks.evaluate))
                if due(settings.checkpoint_every):
                    save()
            if stop.signal and not due(settings.checkpoint_every) and step > start:
                save()
            callbacks.wait()
    finally:
        callbacks.close()
    done = f"{step - start} steps in {time.monotonic() - began:.1f} s: {folder}"
    _print_end(stop, step, settings.steps, done, console)
    return state


def _steps_until_due(step: int, steps_per_call: int, settings: Settings) -> int:
    """Returns the number of steps in the next call: `steps_per_call`, or fewer if a callback is due before."""
    periods = (settings.sample_every, settings.checkpoint_every, settings.evaluate_every)
    ends = [step + every - step % every for every in periods if every]
    return min(step + steps_per_call, settings.steps, *ends) - step


def _print_end(stop: Stop, step: int, steps: int, done: str, console: Console) -> None:
    if not stop.signal or step == steps:
        console.print(f"trained for {done}")
        return
    console.print(f"{stop.signal.name}: saved at step {step}; the same command goes on from there")
    if stop.signal == signal.SIGINT:
        raise KeyboardInterrupt
