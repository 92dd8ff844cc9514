"""Experiments on labelled data from the shell: hidden labels, samples of one class, and what users get wrong."""

import json

import numpy as np
import pytest
from command import EXPERIMENTS, SMALL, gan_jax, metrics
from PIL import Image


def experiment(name):
    return EXPERIMENTS / f"{name}.py"


@pytest.fixture(scope="module")
def unlabelled(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "mine.npz"
    np.savez(path, images=np.random.default_rng(0).integers(0, 256, (40, 8, 8), np.uint8))
    return f"npz:{path}"


def refused(result, *words):
    assert result.status == 2, result
    assert "Traceback" not in result.err
    for word in words:
        assert word in result.err


@pytest.mark.parametrize("name", ["conditional", "acgan", "semi_supervised"])
def test_data_without_labels_are_refused(capsys, tmp_path, unlabelled, name):
    run = tmp_path / "run"
    result = gan_jax(capsys, "train", experiment(name), "--dataset", unlabelled, "--workdir", run)
    refused(result, "labels")
    assert not run.exists()


@pytest.mark.parametrize(("classes", "message"), [(5, "of 5, not the 10 classes"), (12, "more than the 10 classes")])
def test_a_game_of_other_classes_than_the_data_is_refused(capsys, tmp_path, classes, message):
    source = experiment("conditional").read_text()
    (tmp_path / "other.py").write_text(source.replace("len(data.classes)", str(classes)))
    refused(gan_jax(capsys, "train", tmp_path / "other.py", "--workdir", tmp_path / "run"), message)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("value", "message"), [(0, "at least 1, not 0"), (200, "of class")])
def test_labels_that_cannot_be_kept_are_refused(capsys, tmp_path, value, message):
    run = tmp_path / "run"
    arguments = "train", experiment("semi_supervised"), "--labels-per-class", value, "--workdir", run
    refused(gan_jax(capsys, *arguments), message)
    assert not run.exists()


def test_a_negative_weight_is_refused(capsys, tmp_path):
    run = tmp_path / "run"
    refused(
        gan_jax(capsys, "train", experiment("acgan"), "--class-weight", -1, "--workdir", run), "at least 0, not -1.0"
    )
    assert not run.exists()


def test_a_run_sees_as_many_labels_as_it_is_told(capsys, tmp_path):
    arguments = "train", experiment("semi_supervised"), *SMALL, "--steps", 2, "--sample-every", 2
    runs = tmp_path / "few", tmp_path / "many"
    for run, count in zip(runs, (1, 100), strict=True):
        assert gan_jax(capsys, *arguments, "--labels-per-class", count, "--workdir", run).status == 0
        assert json.loads((run / "config.json").read_text())["settings"]["labels_per_class"] == count
    few, many = ([row["discriminator_classify_real"] for row in metrics(run)] for run in runs)
    # Ten labels among 1,348 images: there is hardly one in batches of 16, and without any the loss is 0.
    assert min(few) == 0
    assert min(many) > 1


def test_samples_of_a_conditional_run_go_through_the_classes_or_are_of_one(capsys, tmp_path):
    run, out = tmp_path / "run", tmp_path / "grid.png"
    arguments = *SMALL, "--steps", 1, "--workdir", run
    assert gan_jax(capsys, "train", experiment("conditional"), *arguments).status == 0
    # 60 samples in rows of the ten classes, tiles of 32 pixels with a line between.
    assert Image.open(run / "samples" / "step_00000001.png").size == (10 * 33 - 1, 6 * 33 - 1)
    assert gan_jax(capsys, "sample", run, "--count", 20, "--out", out).status == 0
    picture = np.asarray(Image.open(out))
    assert picture.shape == (2 * 33 - 1, 10 * 33 - 1)
    assert gan_jax(capsys, "sample", run, "--count", 20, "--class", "3", "--out", out).status == 0
    own = np.asarray(Image.open(out))
    assert own.shape == (4 * 33 - 1, 5 * 33 - 1)
    # The fourth sample is of class 3 either way, of the same noise.
    np.testing.assert_allclose(own[:32, 99:131].astype(int), picture[:32, 99:131], atol=1)
    assert np.any(own[:32, :32] != picture[:32, :32])
    refused(gan_jax(capsys, "sample", run, "--class", "thre", "--out", out), "--class thre", "no such class", "0, 1, 2")


def test_a_run_without_classes_has_no_samples_of_one(capsys, tmp_path):
    run = tmp_path / "run"
    arguments = *SMALL, "--steps", 1, "--sample-every", 1, "--workdir", run
    assert gan_jax(capsys, "train", experiment("infogan"), *arguments).status == 0
    refused(gan_jax(capsys, "sample", run, "--class", "3"), "--class 3", "not conditional")
