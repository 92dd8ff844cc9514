"""gan-jax detect: scores of images in the order of their files, and what is refused."""

import csv

import numpy as np
import pytest
from PIL import Image
from support.command import EXPERIMENTS, SMALL, gan_jax, refused

from gan_jax.data import load

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("anomalies") / "run"
    from gan_jax.commands.main import main

    experiment = str(EXPERIMENTS / "applications" / "f_anogan.py")
    main(["train", experiment, *SMALL, "--steps", "2", "--workdir", str(folder)])
    return folder


def test_scores_files_and_arrays_alike(run, tmp_path, capsys):
    images = load("digits", resolution=8).test.images[:5]
    np.savez(tmp_path / "five.npz", images=images)
    (tmp_path / "five").mkdir()
    for i, image in enumerate(images):
        Image.fromarray(image[..., 0]).save(tmp_path / "five" / f"digit_{i}.png")
    tables = []
    for source in ("five.npz", "five"):
        result = gan_jax(capsys, "detect", run, tmp_path / source, tmp_path / "out.csv")
        assert result.status == 0, result.err
        assert "5 examples scored by step 2" in result.out
        with (tmp_path / "out.csv").open() as file:
            tables.append(list(csv.DictReader(file)))
    assert [row["example"] for row in tables[0]] == ["1", "2", "3", "4", "5"]
    assert [row["example"] for row in tables[1]] == [f"digit_{i}.png" for i in range(5)]
    for one, other in zip(*tables, strict=True):
        assert (one["score"], one["share_of_training_below"]) == (other["score"], other["share_of_training_below"])
        assert float(one["score"]) > 0
        assert 0 <= float(one["share_of_training_below"]) <= 1
    assert gan_jax(capsys, "evaluate", run).status == 0


def test_what_cannot_be_scored_is_refused_and_nothing_written(run, digits_run, conditional_run, tmp_path, capsys):
    out = tmp_path / "out.csv"
    np.savez(tmp_path / "colour.npz", images=np.zeros((2, 8, 8, 3), np.uint8))
    cases = [
        (("detect", run, tmp_path / "none", out), "no such folder, and no NumPy archive"),
        (("detect", run, tmp_path / "colour.npz", out), "its images are 8x8x3 (height x width x channels)"),
        (("detect", run, tmp_path / "colour.npz", tmp_path / "out.txt"), "must end in .csv"),
        (("detect", conditional_run, tmp_path / "colour.npz", out), "an unconditional game"),
    ]
    for words, message in cases:
        refused(gan_jax(capsys, *words), message)
    assert not out.exists()
