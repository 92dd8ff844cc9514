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
from gan_jax.interrupts import Stop, stop_on_signals
from gan_jax.measuring import Measure
from gan_jax.records import Display, Recorder
from gan_jax.settings import Settings
from gan_jax.stepping import Play


@dataclass(frozen=True)
class Parts:
    """What the loop calls, and with what. States are as the program has them, on all devices.

    program: plays steps, at most `chunk` a call. resident, items: what it takes; see `stepping.make_play`. The items
        are those from a step on.
    recorder, display: told of every step's metrics.
    measure: of the state, every `sample_every` steps; or None.
    draw: shows the state, every `sample_every` steps and at the end.
    save: (step, state) -> None; begins to write a checkpoint, after all metrics until then have been recorded.
    wait: returns when what was saved is written.
    close: called last, however the loop ends.
    """

    program: Play
    chunk: int
    resident: Any
    items: Callable[[int], Any]
    recorder: Recorder
    display: Display
    measure: Measure | None
    draw: Callable[[State], None]
    save: Callable[[int, State], None]
    wait: Callable[[], None]
    close: Callable[[], None]


def play(parts: Parts, state: State, start: int, settings: Settings, folder: Path, console: Console) -> State:
    """Plays on from `state` at step `start`, to the end or until a signal, and returns the last state.

    Raises:
      UserError: a loss that is not finite, or a checkpoint that cannot be written.
      KeyboardInterrupt: after SIGINT, when all is saved.
    """
    step, recorder = start, parts.recorder

    def due(every: int) -> bool:
        return step % every == 0 or step == settings.steps

    def save() -> None:
        # Recorded and checked first: a checkpoint never holds what came of a loss that was not finite.
        recorder.record()
        parts.save(step, state)

    if start:
        console.print(f"resuming {folder} at step {start} of {settings.steps}")
    began = time.monotonic()
    try:
        with stop_on_signals() as stop, parts.display:
            while step < settings.steps and not stop.agreed():
                count = _steps_to_play(step, parts.chunk, settings)
                state, metrics = parts.program(state, parts.resident, parts.items(step), count)
                if step == start:
                    jax.block_until_ready(metrics)
                    console.print(f"compiled in {time.monotonic() - began:.1f} s")
                    began = time.monotonic()
                    recorder.restart_clock(step + count)
                recorder.add(step, count, metrics)
                step += count
                if parts.measure and step % settings.sample_every == 0:
                    # Before the checkpoint: on resuming from it, this is not measured again.
                    recorder.measured(step, parts.measure(state))
                if due(settings.checkpoint_every):
                    save()
                if due(settings.sample_every):
                    parts.draw(state)
            if stop.signal and not due(settings.checkpoint_every) and step > start:
                save()
            parts.wait()
    finally:
        parts.close()
    _tell_end(
        stop, step, settings.steps, f"{step - start} steps in {time.monotonic() - began:.1f} s: {folder}", console
    )
    return state


def _steps_to_play(step: int, chunk: int, settings: Settings) -> int:
    """In the next call: `chunk`, or less where something is due before."""
    ends = [step + every - step % every for every in (settings.sample_every, settings.checkpoint_every)]
    return min(step + chunk, settings.steps, *ends) - step


def _tell_end(stop: Stop, step: int, steps: int, played: str, console: Console) -> None:
    if not stop.signal or step == steps:
        console.print(f"played {played}")
        return
    console.print(f"{stop.signal.name}: saved at step {step}; the same command goes on from there")
    if stop.signal == signal.SIGINT:
        raise KeyboardInterrupt
