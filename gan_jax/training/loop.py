"""The loop around the step: the same for one run and for the members of a sweep."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
from rich.console import Console

from gan_jax.game import State
from gan_jax.training.checkpoints import Checkpoints
from gan_jax.training.held_out import Measure
from gan_jax.training.interrupts import Stop, stop_on_signals
from gan_jax.training.program import Packed, TrainProgram
from gan_jax.training.recorder import MetricsFile, Recorder
from gan_jax.training.settings import Settings


@dataclass(frozen=True)
class BoundProgram:
    """A program with its data and batches: what the loop calls.

    program, data: see `program.make_program`. batches: from a step to those of the call from there.
    steps_per_call: how many steps a call trains for at most.
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
    """What happens around the program. States are as the program has them, on all devices.

    measure: of the state, every `sample_every` steps; or None.
    draw: shows the state, every `sample_every` steps and at the end.
    save: (step, state) -> None; begins to write a checkpoint, after all metrics until then have been recorded.
    wait: returns when what was saved is written.
    close: called last, however the loop ends.
    """

    measure: Measure | None
    draw: Callable[[State], None]
    save: Callable[[int, State], None]
    wait: Callable[[], None]
    close: Callable[[], None]


def keep(
    log: MetricsFile | None, checkpoints: Checkpoints | None, to_host: Callable[[State], State]
) -> dict[str, Callable]:
    """The callbacks `save` and `wait` that keep a run in its folder; they do nothing in processes that keep none.

    to_host: brings the program's state to the host.
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
    """Trains from `state` at step `start`, to the end or until a signal, and returns the last state.

    Raises:
      UserError: a loss that is not finite, or a checkpoint that cannot be written.
      KeyboardInterrupt: after SIGINT, when all is saved.
    """
    step = start

    def due(every: int) -> bool:
        return step % every == 0 or step == settings.steps

    def save() -> None:
        # Recorded and checked first: a checkpoint never holds what came of a loss that was not finite.
        recorder.record()
        callbacks.save(step, state)

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
                    # Before the checkpoint: on resuming from it, this is not measured again.
                    recorder.measured(step, callbacks.measure(state))
                if due(settings.checkpoint_every):
                    save()
                if due(settings.sample_every):
                    callbacks.draw(state)
            if stop.signal and not due(settings.checkpoint_every) and step > start:
                save()
            callbacks.wait()
    finally:
        callbacks.close()
    done = f"{step - start} steps in {time.monotonic() - began:.1f} s: {folder}"
    _tell_end(stop, step, settings.steps, done, console)
    return state


def _steps_until_due(step: int, steps_per_call: int, settings: Settings) -> int:
    """In the next call: `steps_per_call`, or less where something is due before."""
    ends = [step + every - step % every for every in (settings.sample_every, settings.checkpoint_every)]
    return min(step + steps_per_call, settings.steps, *ends) - step


def _tell_end(stop: Stop, step: int, steps: int, done: str, console: Console) -> None:
    if not stop.signal or step == steps:
        console.print(f"trained for {done}")
        return
    console.print(f"{stop.signal.name}: saved at step {step}; the same command goes on from there")
    if stop.signal == signal.SIGINT:
        raise KeyboardInterrupt
