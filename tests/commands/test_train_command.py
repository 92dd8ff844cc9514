"""gan-jax train: the run folder that it fills, for each kind of data."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.command import DIGITS, EXPERIMENTS, SMALL, assert_same_bits, checkpoint, gan_jax, metrics
from support.compiling import AS_USERS_DO
from tensorboardX.proto.event_pb2 import Event

from gan_jax.data import load
from gan_jax.data.splits import shuffled
from gan_jax.training import program, train

pytestmark = pytest.mark.slow


def test_configuration_says_what_was_run(digits_run):
    config = json.loads((digits_run / "config.json").read_text())
    assert config["experiment"] == "dcgan_digits"
    assert config["settings"]["width"] == 4
    assert config["settings"]["learning_rate"] == 2e-3
    data = config["data"]
    assert (data["example_shape"], data["classes"]) == ([8, 8, 1], [str(i) for i in range(10)])
    assert data["fingerprint"]["train"]["count"] == 1348
    assert {"gan-jax", "jax", "flax", "optax"} <= config["versions"].keys()
    assert config["devices"]
    assert "git_commit" in config
    assert (digits_run / "experiment.py").read_text() == Path(DIGITS).read_text()


def test_metrics_have_a_line_every_so_many_steps(digits_run):
    rows = [json.loads(line) for line in (digits_run / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == list(range(5, 61, 5))
    losses = {"discriminator_loss", "generator_loss", "discriminator_gradient_norm", "generator_gradient_norm"}
    names = {"step", *losses, "D(x)", "D(G(z))", "accuracy_real", "images_per_second", "seconds"}
    measures = {"accuracy_held_out", "accuracy_fake", "sample_spread"}
    assert all(row.keys() == names | (measures if row["step"] in (25, 50) else set()) for row in rows)
    assert all(0 <= row[name] <= 1 for row in rows for name in measures & row.keys())
    assert all(0 < row["D(x)"] < 1 and 0 < row["D(G(z))"] < 1 for row in rows)
    assert all(row["images_per_second"] > 0 for row in rows[1:])
    assert rows[0]["discriminator_loss"] == pytest.approx(2 * np.log(2), abs=0.5)  # D knows nothing yet


def test_samples_curves_events_and_checkpoints_are_written(digits_run):
    assert sorted(path.name for path in (digits_run / "samples").iterdir()) == [
        f"step_{step:08d}.png" for step in (25, 50, 60)
    ]
    with Image.open(digits_run / "samples" / "step_00000060.png") as grid:
        assert grid.size == (8 * 33 - 1, 8 * 33 - 1)  # 64 images, 8x8 enlarged four times
        assert np.ptp(np.asarray(grid)[:32, :32]) > 0
    with Image.open(digits_run / "curves.png") as curves:
        assert curves.size == (800, 1200)
    assert sorted(int(path.name) for path in (digits_run / "checkpoints").iterdir()) == [20, 40, 60]
    (events,) = (digits_run / "tensorboard").iterdir()
    scalars = set(_scalars(events.read_bytes()))
    assert {("D_x", 60), ("generator_gradient_norm", 60), ("accuracy_held_out", 50)} <= scalars


def _scalars(data):
    """(tag, step) of the scalars in a TensorBoard event file: records of length, checksum, message, checksum."""
    while data:
        length = int.from_bytes(data[:8], "little")
        event = Event.FromString(data[12 : 12 + length])
        for value in event.summary.value:
            yield value.tag, event.step
        data = data[16 + length :]


def test_training_a_complete_run_again_does_nothing(digits_run, capsys):

    def times():
        files = {path for path in digits_run.rglob("*") if path.is_file()} - {digits_run / "lock"}
        return {path: path.stat().st_mtime_ns for path in files}

    before = times()
    result = gan_jax(capsys, "train", DIGITS, *SMALL, "--steps", 60, "--sample-every", 25, "--checkpoint-every", 20,
                     "--log-every", 5, "--workdir", digits_run)  # fmt: skip
    assert result.status == 0
    assert "complete" in result.out
    assert times() == before


def test_a_folder_too_large_for_memory_trains_as_one_in_memory(tmp_path, capsys, monkeypatch):
    # Two programs, one of which picks its own batch: compiled quickly, they differ in the last bit of a norm.
    options = program.fast_options()
    monkeypatch.setattr(program, "fast_options", lambda: {**options, **AS_USERS_DO})
    rng = np.random.default_rng(0)
    (tmp_path / "images").mkdir()
    for i in range(40):
        Image.fromarray(rng.integers(0, 256, (8, 8), np.uint8)).save(tmp_path / "images" / f"{i:02d}.png")
    runs = []
    for name, limit in (("memory", 2**30), ("stream", 0)):
        monkeypatch.setattr(train, "load", lambda *a, limit=limit, **k: load(*a, **k, memory_limit=limit))
        runs.append(tmp_path / name)
        arguments = (*SMALL, "--dataset", f"folder:{tmp_path / 'images'}", "--flip", "--steps", 8)
        result = gan_jax(capsys, "train", DIGITS, *arguments, "--steps-per-call", 1, "--workdir", runs[-1])
        assert result.status == 0, result.err
    assert metrics(runs[0]) == metrics(runs[1])
    a, b = (checkpoint(run, 8) for run in runs)
    assert all((a[name] == b[name]).all() for name in a)


def test_a_run_sees_as_many_labels_as_it_is_told(capsys, tmp_path):
    arguments = "train", EXPERIMENTS / "labels" / "semi_supervised.py", *SMALL, "--steps", 2, "--sample-every", 2
    runs = tmp_path / "few", tmp_path / "many"
    for run, count in zip(runs, (1, 100), strict=True):
        assert gan_jax(capsys, *arguments, "--labels-per-class", count, "--workdir", run).status == 0
        assert json.loads((run / "config.json").read_text())["settings"]["labels_per_class"] == count
    few, many = ([row["discriminator_classify_real"] for row in metrics(run)] for run in runs)
    # Ten labels among 1,348 images: there is hardly one in batches of 16, and without any the loss is 0.
    assert min(few) == 0
    assert min(many) > 1


def test_a_run_of_points(ring_run):
    data = json.loads((ring_run / "config.json").read_text())["data"]
    assert (data["example_shape"], data["classes"]) == ([2], list("01234567"))
    with Image.open(ring_run / "samples" / "step_00000003.png") as picture:
        assert picture.size == (480, 480)


def test_the_configuration_says_what_was_translated(translation_run):
    data = json.loads((translation_run / "config.json").read_text())["data"]
    assert data["target_shape"] == [8, 8, 1]
    assert data["paired"] is False


def test_a_translation_resumes_exactly(translation_run, translation_arguments, tmp_path, capsys):
    again = tmp_path / "again"
    shutil.copytree(translation_run, again)
    shutil.rmtree(again / "checkpoints" / "12")
    result = gan_jax(capsys, "train", *translation_arguments, "--workdir", again)
    assert "at step 6 of 12" in result.out
    assert metrics(again) == metrics(translation_run)
    assert_same_bits(checkpoint(again, 12), checkpoint(translation_run, 12))


def test_pictures_show_input_output_and_reconstruction_of_both_directions(translation_run):
    with Image.open(translation_run / "samples" / "step_00000012.png") as picture:
        assert picture.size == (6 * 33 - 1, 8 * 33 - 1)
        tiles = np.asarray(picture)[:, :, None] if picture.mode == "L" else np.asarray(picture)
    held_out = load("edges:digits", resolution=8).test
    shown = shuffled(len(held_out), 0)
    for column, images in ((0, held_out.images), (3, held_out.targets)):
        for row in range(8):
            tile = tiles[row * 33 : row * 33 + 32 : 4, column * 33 : column * 33 + 32 : 4]
            np.testing.assert_array_equal(tile, images[shown[row]])


def test_pictures_of_pairs_show_input_output_and_target_in_colour(colorization_run, colour_noise):
    with Image.open(colorization_run / "samples" / "step_00000002.png") as picture:
        assert (picture.mode, picture.size) == ("RGB", (3 * 33 - 1, 5 * 33 - 1))
        tiles = np.asarray(picture)
    held_out = load(f"colorization:{colour_noise}", resolution=8).test
    shown = shuffled(len(held_out), 0)
    np.testing.assert_array_equal(tiles[:32:4, :32:4], held_out.images[shown[0]].repeat(3, -1))
    np.testing.assert_array_equal(tiles[:32:4, 66:98:4], held_out.targets[shown[0]])
