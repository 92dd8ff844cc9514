"""The loop around the step: what it calls and when, what a game measures on the way, and how metrics are shown."""

import io
import json
import os
import shutil
import signal
from pathlib import Path
from types import SimpleNamespace

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from PIL import Image
from rich.console import Console
from support.command import DIGITS, SMALL, gan_jax, metrics

from gan_jax.commands.main import main
from gan_jax.data import Split, batch_indices
from gan_jax.game import init_population, init_state, networks, stack_keys
from gan_jax.networks.latents import normal
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.reporting import Kind, kind, save_curves
from gan_jax.training import Settings
from gan_jax.training import recorder as recorder_module
from gan_jax.training.batches import feed, feed_members
from gan_jax.training.held_out import make_measure, make_population_measure
from gan_jax.training.interrupts import uninterrupted
from gan_jax.training.loop import BoundProgram, Callbacks, saving_callbacks, train_loop

pytestmark = pytest.mark.slow

SETTINGS = Settings(steps=13, sample_every=4, checkpoint_every=6)


def looped(settings, *, start=0, signal_at=None, fail_at=None, number=signal.SIGTERM):
    """What a loop over a program that counts has called, in order; what it printed; and its last state."""
    calls, console = [], Console(file=io.StringIO(), width=200)

    def note(name):
        return lambda *values: calls.append((name, *values))

    def program(state, data, batches, count):
        assert (data, batches) == ("data", state)  # the batches of this very step
        if state == signal_at:
            os.kill(os.getpid(), number)
        if state == fail_at:
            raise OSError("a full disk")
        calls.append(("program", count))
        return state + count, np.float32(state)

    def draw(state):
        calls.append(("draw", state))
        return {"spread": state}

    def record():
        calls.append(("record",))

    recorder = SimpleNamespace(
        add=lambda step, count, _: None,
        measured=note("measured"),
        record=record,
        restart_clock=note("clock"),
        display=recorder_module.Display(console, settings.steps, 0),
    )
    callbacks = Callbacks(
        measure=lambda state: {"mean": state},
        draw=draw,
        save=note("save"),
        wait=note("wait"),
        close=note("close"),
    )
    bound = BoundProgram(program, "data", batches=lambda step: step, steps_per_call=5)
    try:
        last = train_loop(bound, recorder, callbacks, start, start, settings, Path("folder"), console)
    except OSError:
        last = None
    return calls, console.file.getvalue(), last


def looked(step):
    return ("measured", step, {"mean": step}), ("draw", step), ("measured", step, {"spread": step})


def test_the_loop_stops_where_something_is_due_and_records_before_it_saves():
    calls, printed, last = looped(SETTINGS)
    assert calls == [
        ("program", 4), ("clock", 4), *looked(4),
        ("program", 2), ("record",), ("save", 6, 6),
        ("program", 2), *looked(8),
        ("program", 4), *looked(12), ("record",), ("save", 12, 12),
        ("program", 1), ("draw", 13), ("record",), ("save", 13, 13), ("wait",), ("close",),
    ]  # fmt: skip
    assert last == 13
    assert "trained for 13 steps in" in printed
    assert "resuming" not in printed


def test_a_loop_goes_on_at_its_step():
    calls, printed, _ = looped(SETTINGS, start=6)
    assert calls[:2] == [("program", 2), ("clock", 8)]
    assert "resuming folder at step 6 of 13" in printed
    assert "trained for 7 steps in" in printed


def test_a_signal_ends_the_loop_after_the_call_under_way_with_a_checkpoint():
    calls, printed, last = looped(SETTINGS, signal_at=6)
    assert last == 8
    assert calls[-7:] == [*looked(8), ("record",), ("save", 8, 8), ("wait",), ("close",)]
    assert "SIGTERM: saved at step 8" in printed
    # At a step at which one is written anyway there is no second one.
    calls, _, last = looped(SETTINGS, signal_at=4)
    assert last == 6
    assert calls[-4:] == [("record",), ("save", 6, 6), ("wait",), ("close",)]


def test_a_terminal_that_closes_ends_the_loop_likewise():
    _, printed, last = looped(SETTINGS, signal_at=6, number=signal.SIGHUP)
    assert last == 8
    assert "SIGHUP: saved at step 8" in printed


def test_a_terminal_that_closes_is_ignored_under_nohup():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        _, printed, last = looped(SETTINGS, signal_at=6, number=signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert last == 13
    assert "SIGHUP" not in printed


def test_what_must_not_be_interrupted_is_not():
    before = signal.getsignal(signal.SIGINT)
    with uninterrupted():
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_what_fails_on_the_way_still_closes_the_log():
    calls, _, _ = looped(SETTINGS, fail_at=6)
    assert calls[-1] == ("close",)
    assert ("wait",) not in calls


def test_a_run_is_kept_with_all_metrics_before_a_checkpoint():
    calls = []
    log = SimpleNamespace(flush=lambda: calls.append("flush"))
    checkpoints = SimpleNamespace(save=lambda *saved: calls.append(saved), wait=lambda: calls.append("wait"))
    kept = saving_callbacks(log, checkpoints, lambda state: f"{state} on the host")
    kept["save"](4, "state")
    kept["wait"]()
    assert calls == ["flush", (4, "state on the host"), "wait"]


def test_a_process_that_keeps_no_folder_saves_nothing():
    kept = saving_callbacks(None, None, to_host=None)
    kept["save"](4, "state")
    kept["wait"]()


@pytest.mark.parametrize("steps_per_call", [1, 20])
@pytest.mark.parametrize("step", [0, 57, 64, 130])
def test_batches_are_those_of_the_step_wherever_a_run_begins(steps_per_call, step):
    split = Split(np.zeros((50, 8, 8, 1), np.uint8), None)
    expected = {seed: [batch_indices(seed, step + i, 6, 50) for i in range(steps_per_call)] for seed in (3, 4)}
    options = {"batch_size": 3, "batches_per_step": 2, "steps_per_call": steps_per_call}
    with feed(split, seed=3, start=step, devices=1, **options) as batches:
        np.testing.assert_array_equal(batches(step), expected[3])
    members = feed_members(split, seeds=[4, 3, 4, 3], devices=2, **options)(step)
    assert members.shape == (2, steps_per_call, 2, 6)
    for device in range(2):
        np.testing.assert_array_equal(members[device, :, 0], expected[4])
        np.testing.assert_array_equal(members[device, :, 1], expected[3])


class _Linear(nn.Module):
    """Logits or images with batch statistics, so that training and evaluation differ."""

    shape: tuple[int, ...]

    @nn.compact
    def __call__(self, x, *labels, train):
        x = jnp.concatenate([x.reshape(len(x), -1), *(jax.nn.one_hot(y, 10) for y in labels)], 1)
        x = nn.BatchNorm(use_running_average=not train)(nn.Dense(int(np.prod(self.shape)))(x))
        return x.reshape(len(x), *self.shape)


def linear_game(objective, rate=1e-3, classes=None):
    adam = optax.adam(rate)
    return gan(_Linear((8, 8, 1)), _Linear(()), objective, adam, adam, latent=normal(5), ema=0.9, classes=classes)


def held_out(count):
    rng = np.random.default_rng()
    return Split(rng.integers(0, 256, (count, 8, 8, 1), np.uint8), rng.integers(0, 10, count).astype(np.int32))


def logits_by_hand(game, state, split, labels):
    """D's of the first 512 held-out images, and of as many that the averaged generator makes, in NumPy."""

    def evaluated(network, x):
        params, statistics = network["params"], network["batch_stats"]["BatchNorm_0"]
        dense, norm = params["Dense_0"], params["BatchNorm_0"]
        x = np.concatenate([x.reshape(len(x), -1), *labels], 1).astype(np.float64) @ dense["kernel"] + dense["bias"]
        return (x - statistics["mean"]) / np.sqrt(statistics["var"] + 1e-5) * norm["scale"] + norm["bias"]

    players = jax.device_get(networks(state))
    z = game.latents(jax.random.key(0), len(split.images[:512]))
    made = evaluated(players["generator"], np.asarray(z[0] if labels else z))
    return [evaluated(players["discriminator"], x)[:, 0] for x in (split.images[:512] / 127.5 - 1, made)]


@pytest.mark.parametrize("classes", [None, 10])
def test_measures_are_of_held_out_images_and_of_the_averaged_generator(classes):
    game, split = linear_game(non_saturating, classes=classes), held_out(600)
    state = init_state(game, jax.random.key(1))
    state = state.replace(ema={"generator": jax.tree.map(lambda x: 2 * x + 0.1, state.ema["generator"])})
    labels = [np.eye(10)[split.labels[:512]]] if classes else []
    real, fake = logits_by_hand(game, state, split, labels)
    measures = make_measure(game, split, 1, 1)(state)
    assert measures["accuracy_held_out"] == pytest.approx(np.mean(real > 0), abs=1e-6)
    assert measures["accuracy_fake"] == pytest.approx(np.mean(fake < 0), abs=1e-6)
    assert 0 < measures["accuracy_held_out"] < 1
    assert measures == make_measure(game, split, 1, 1)(state)  # always with the same latents


def test_a_discriminator_that_is_no_classifier_has_a_gap_instead_of_accuracies():
    game, split = linear_game(non_saturating._replace(is_classifier=False)), held_out(40)
    state = init_state(game, jax.random.key(1))
    real, fake = logits_by_hand(game, state, split, [])
    ((name, gap),) = make_measure(game, split, 1, 1)(state).items()
    assert name == "logits_gap_held_out"
    assert gap == pytest.approx(np.mean(real) - np.mean(fake), rel=1e-4)


def test_a_game_without_measures_has_none():
    game = linear_game(non_saturating)
    assert make_measure(SimpleNamespace(players=game.players, measures=None), held_out(4), 1, 1) is None


def test_members_of_a_population_measure_what_they_would_alone():
    def build(values):
        return linear_game(non_saturating, values["rate"])

    values, split = {"rate": jnp.array([1e-3, 1e-2])}, held_out(100)
    state = init_population(build, values, stack_keys([5, 6]))
    together = make_population_measure(build, values, split, 1, 1)(state)
    for i in range(2):
        alone = make_measure(linear_game(non_saturating), split, 1, 1)(jax.tree.map(lambda x, i=i: x[i], state))
        assert together.keys() == alone.keys()
        for name, value in together.items():
            assert value[i] == pytest.approx(alone[name], abs=1e-6)


NAMES = {"accuracy_held_out", "accuracy_fake", "sample_spread"}
EVERY = (*SMALL, "--log-every", 3, "--sample-every", 4, "--checkpoint-every", 4, "--steps", 13)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """13 steps of DCGAN on digits."""
    folder = tmp_path_factory.mktemp("runs") / "digits"
    main(["train", DIGITS, *map(str, EVERY), "--workdir", str(folder)])
    return folder


def test_measures_join_the_line_of_their_step_or_make_one(run):
    rows = {row["step"]: row.keys() - {"step"} for row in metrics(run)}
    assert list(rows) == [3, 4, 6, 8, 9, 12]
    assert rows[4] == rows[8] == NAMES
    assert rows[12] == rows[3] | NAMES
    assert not rows[3] & NAMES
    assert {"D(x)", "accuracy_real", "generator_gradient_norm"} <= rows[3]


def test_an_experiment_that_imports_nothing_of_its_own_keeps_no_modules(run):
    assert json.loads((run / "config.json").read_text())["modules"] == []
    assert not (run / "modules").exists()


def test_measures_are_written_once_for_a_run_that_is_resumed(run, tmp_path, capsys):
    again = tmp_path / "again"
    shutil.copytree(run, again)
    for step in (12, 13):
        shutil.rmtree(again / "checkpoints" / str(step))
    result = gan_jax(capsys, "train", DIGITS, *EVERY, "--workdir", again)
    assert "at step 8 of 13" in result.out
    assert metrics(again) == metrics(run)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("generator_loss", Kind.LOSS), ("D(G(z))", Kind.OUTPUT), ("D(x)", Kind.OUTPUT), ("accuracy_real", Kind.ACCURACY),
     ("generator_gradient_norm", Kind.NORM), ("discriminator_r1", Kind.OTHER), ("seconds", Kind.CLOCK)],
)  # fmt: skip
def test_the_name_of_a_metric_says_its_kind(name, expected):
    assert kind(name) is expected


def test_curves_have_a_panel_for_each_kind_that_was_logged(tmp_path):
    row = {"step": 1, "g_loss": 1.0, "D(x)": 0.5, "seconds": 1.0, "images_per_second": None}
    both = [row, {"step": 2, "accuracy_held_out": 0.5}, {**row, "step": 3}]
    for more, panels in (({}, 2), ({"g_gradient_norm": 3.0}, 3), ({"g_gradient_norm": 3.0, "g_r1": 1.0}, 4)):
        save_curves([*both, {**row, **more, "step": 4}], tmp_path / "curves.png")
        assert Image.open(tmp_path / "curves.png").size == (800, 300 * panels)


def test_the_progress_line_shows_losses_outputs_and_speed_alone(monkeypatch):
    monkeypatch.setattr(recorder_module, "_LINE_EVERY", 0.0)
    console = Console(file=io.StringIO(), width=300)
    row = {"step": 5, "g_loss": 1.5, "D(x)": 0.25, "accuracy_real": 0.7, "g_gradient_norm": 9.0, "g_r1": 8.0}
    recorder_module.Display(console, 10, 0).show({**row, "seconds": 2.0, "images_per_second": 640.0})
    assert console.file.getvalue() == "step 5/10  g loss 1.500  D(x) 0.250  640 images/s  about 2 s left\n"
