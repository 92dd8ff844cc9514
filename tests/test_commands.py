"""train, sample and evaluate, and the run folder that they share."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from command import DIGITS, SMALL, checkpoint, gan_jax, metrics
from compiling import AS_USERS_DO
from PIL import Image
from tensorboardX.proto.event_pb2 import Event


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of 60 steps."""
    from gan_jax import cli

    folder = tmp_path_factory.mktemp("runs") / "digits"
    cli.main(["train", DIGITS, *SMALL, "--steps", "60", "--sample-every", "25", "--checkpoint-every", "20",
              "--log-every", "5", "--workdir", str(folder)])  # fmt: skip
    return folder


def test_configuration_says_what_was_run(run):
    config = json.loads((run / "config.json").read_text())
    assert config["experiment"] == "dcgan_digits"
    assert config["settings"]["width"] == 4
    assert config["settings"]["learning_rate"] == 2e-4
    assert config["data"] == {"example_shape": [8, 8, 1], "classes": [str(i) for i in range(10)]}
    assert {"gan-jax", "jax", "flax", "optax"} <= config["versions"].keys()
    assert config["devices"]
    assert "git_commit" in config
    assert (run / "experiment.py").read_text() == Path(DIGITS).read_text()


def test_metrics_have_a_line_every_so_many_steps(run):
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == list(range(5, 61, 5))
    losses = {"discriminator_loss", "generator_loss", "discriminator_gradient_norm", "generator_gradient_norm"}
    names = {"step", *losses, "D(x)", "D(G(z))", "accuracy_real", "images_per_second", "seconds"}
    measures = {"accuracy_held_out", "accuracy_fake"}
    assert all(row.keys() == names | (measures if row["step"] in (25, 50) else set()) for row in rows)
    assert all(0 <= row[name] <= 1 for row in rows for name in measures & row.keys())
    assert all(0 < row["D(x)"] < 1 and 0 < row["D(G(z))"] < 1 for row in rows)
    assert all(row["images_per_second"] > 0 for row in rows[1:])
    assert rows[0]["discriminator_loss"] == pytest.approx(2 * np.log(2), abs=0.5)  # D knows nothing yet


def test_samples_curves_events_and_checkpoints_are_written(run):
    assert sorted(path.name for path in (run / "samples").iterdir()) == [
        f"step_{step:08d}.png" for step in (25, 50, 60)
    ]
    with Image.open(run / "samples" / "step_00000060.png") as grid:
        assert grid.size == (8 * 33 - 1, 8 * 33 - 1)  # 64 images, 8x8 enlarged four times
        assert np.ptp(np.asarray(grid)[:32, :32]) > 0
    with Image.open(run / "curves.png") as curves:
        assert curves.size == (800, 900)
    assert sorted(int(path.name) for path in (run / "checkpoints").iterdir()) == [20, 40, 60]
    (events,) = (run / "tensorboard").iterdir()
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


def test_training_a_complete_run_again_does_nothing(run, capsys):
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file()}
    result = gan_jax(capsys, "train", DIGITS, *SMALL, "--steps", 60, "--sample-every", 25, "--checkpoint-every", 20,
                     "--log-every", 5, "--workdir", run)  # fmt: skip
    assert result.status == 0
    assert "complete" in result.out
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*") if path.is_file()} == before


def test_sample_draws_a_grid_that_its_seed_decides(run, tmp_path, capsys):
    pictures = []
    for seed in (1, 1, 2):
        out = tmp_path / "grid.png"
        assert gan_jax(capsys, "sample", run, "--count", 10, "--seed", seed, "--out", out).status == 0
        pictures.append(np.asarray(Image.open(out)))
    assert pictures[0].shape == (3 * 33 - 1, 4 * 33 - 1)
    np.testing.assert_array_equal(pictures[0], pictures[1])
    assert (pictures[0] != pictures[2]).any()
    assert (pictures[0][2 * 33 :, 2 * 33 :] == 255).all()  # two places of the last row are empty


def test_sample_interpolates_in_small_steps(run, tmp_path, capsys):
    out = tmp_path / "walk.png"
    assert gan_jax(capsys, "sample", run, "--count", 64, "--interpolate", "--out", out).status == 0
    tiles = np.asarray(Image.open(out)).astype(float)[:32]  # the first walk
    frames = [tiles[:, i * 33 : i * 33 + 32] for i in range(8)]
    near = np.mean([np.abs(a - b).mean() for a, b in itertools.pairwise(frames)])
    assert 0 < near < np.abs(frames[0] - frames[-1]).mean()


def test_evaluate_prints_and_writes_figures_beside_those_of_real_data(run, capsys):
    result = gan_jax(capsys, "evaluate", run)
    assert result.status == 0
    evaluation = json.loads((run / "evaluation.json").read_text())
    assert evaluation["step"] == 60
    assert evaluation["frechet_distance"] > 5 * evaluation["frechet_distance_real"]  # 60 steps are not enough
    for name in ("frechet_distance", "frechet_distance_real"):
        assert f"{evaluation[name]:.4g}" in result.out


def test_a_run_does_not_need_its_experiment_file_any_more(tmp_path, capsys):
    mine = tmp_path / "mine.py"
    mine.write_text(Path(DIGITS).read_text())
    arguments = (*SMALL, "--steps", 2, "--workdir", tmp_path / "run")
    assert gan_jax(capsys, "train", mine, *arguments).status == 0
    mine.unlink()
    assert gan_jax(capsys, "sample", tmp_path / "run", "--count", 1, "--out", tmp_path / "one.png").status == 0
    assert Image.open(tmp_path / "one.png").size == (32, 32)


def test_a_folder_too_large_for_memory_trains_as_one_in_memory(tmp_path, capsys, monkeypatch):
    from gan_jax import stepping, training
    from gan_jax.data import load

    # Two programs, one of which picks its own batch: compiled quickly, they differ in the last bit of a norm.
    options = stepping.fast_options()
    monkeypatch.setattr(stepping, "fast_options", lambda: {**options, **AS_USERS_DO})
    rng = np.random.default_rng(0)
    (tmp_path / "images").mkdir()
    for i in range(40):
        Image.fromarray(rng.integers(0, 256, (8, 8), np.uint8)).save(tmp_path / "images" / f"{i:02d}.png")
    runs = []
    for name, limit in (("memory", 2**30), ("stream", 0)):
        monkeypatch.setattr(training, "load", lambda *a, limit=limit, **k: load(*a, **k, memory_limit=limit))
        runs.append(tmp_path / name)
        arguments = (
            *SMALL,
            "--dataset",
            f"folder:{tmp_path / 'images'}",
            "--flip",
            "--steps",
            8,
            "--workdir",
            runs[-1],
        )
        result = gan_jax(capsys, "train", DIGITS, *arguments, "--steps-per-dispatch", 1)
        assert result.status == 0, result.err
    assert metrics(runs[0]) == metrics(runs[1])
    a, b = (checkpoint(run, 8) for run in runs)
    assert all((a[name] == b[name]).all() for name in a)
    # And there is nothing to classify by.
    result = gan_jax(capsys, "evaluate", runs[0])
    assert result.status == 2
    assert "label" in result.err
