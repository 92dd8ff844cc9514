"""gan-jax sample: pictures of images and points, of one class, and of interpolations."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.command import DIGITS, EXPERIMENTS, SMALL, gan_jax, refused

pytestmark = pytest.mark.slow


def test_images_are_a_grid_that_the_seed_decides(digits_run, tmp_path, capsys):
    pictures = []
    for seed in (1, 1, 2):
        out = tmp_path / "grid.png"
        assert gan_jax(capsys, "sample", digits_run, "--count", 10, "--seed", seed, "--out", out).status == 0
        pictures.append(np.asarray(Image.open(out)))
    assert pictures[0].shape == (3 * 33 - 1, 4 * 33 - 1)
    np.testing.assert_array_equal(pictures[0], pictures[1])
    assert (pictures[0] != pictures[2]).any()
    assert (pictures[0][2 * 33 :, 2 * 33 :] == 255).all()  # two places of the last row are empty


def test_interpolations_change_in_small_steps(digits_run, tmp_path, capsys):
    out = tmp_path / "interpolations.png"
    assert gan_jax(capsys, "sample", digits_run, "--count", 64, "--interpolate", "--out", out).status == 0
    tiles = np.asarray(Image.open(out)).astype(float)[:32]  # the first row
    frames = [tiles[:, i * 33 : i * 33 + 32] for i in range(8)]
    near = np.mean([np.abs(a - b).mean() for a, b in itertools.pairwise(frames)])
    assert 0 < near < np.abs(frames[0] - frames[-1]).mean()


def test_a_run_does_not_need_its_experiment_file_any_more(tmp_path, capsys):
    mine = tmp_path / "mine.py"
    mine.write_text(Path(DIGITS).read_text())
    arguments = (*SMALL, "--steps", 2, "--workdir", tmp_path / "run")
    assert gan_jax(capsys, "train", mine, *arguments).status == 0
    mine.unlink()
    assert gan_jax(capsys, "sample", tmp_path / "run", "--count", 1, "--out", tmp_path / "one.png").status == 0
    assert Image.open(tmp_path / "one.png").size == (32, 32)


def test_pictures_of_points(ring_run, tmp_path, capsys):
    pictures = {}
    for name, words in {"usual": (), "few": ("--count", 5), "interpolations": ("--interpolate",)}.items():
        result = gan_jax(capsys, "sample", ring_run, *words, "--out", tmp_path / f"{name}.png")
        assert result.status == 0, result.err
        pictures[name] = np.asarray(Image.open(tmp_path / f"{name}.png"))
    assert "2000 samples" not in result.out
    assert len({picture.tobytes() for picture in pictures.values()}) == 3


def test_samples_of_a_conditional_run_go_through_the_classes_or_are_of_one(conditional_run, tmp_path, capsys):
    out = tmp_path / "grid.png"
    # 60 samples in rows of the ten classes, tiles of 32 pixels with a line between.
    assert Image.open(conditional_run / "samples" / "step_00000001.png").size == (10 * 33 - 1, 6 * 33 - 1)
    assert gan_jax(capsys, "sample", conditional_run, "--count", 20, "--out", out).status == 0
    picture = np.asarray(Image.open(out))
    assert picture.shape == (2 * 33 - 1, 10 * 33 - 1)
    assert gan_jax(capsys, "sample", conditional_run, "--count", 20, "--class", "3", "--out", out).status == 0
    own = np.asarray(Image.open(out))
    assert own.shape == (4 * 33 - 1, 5 * 33 - 1)
    # The fourth sample is of class 3 either way, of the same noise.
    np.testing.assert_allclose(own[:32, 99:131].astype(int), picture[:32, 99:131], atol=1)
    assert np.any(own[:32, :32] != picture[:32, :32])


def test_a_class_that_does_not_exist(conditional_run, capsys):
    refused(gan_jax(capsys, "sample", conditional_run, "--class", "thre"), "--class thre", "no such class", "0, 1, 2")


def test_a_run_without_styles_has_no_truncation(conditional_run, capsys):
    refused(gan_jax(capsys, "sample", conditional_run, "--truncation", 0.5), "--truncation 0.5", "no mean style")


def test_a_run_that_is_not_conditional_has_no_samples_of_one_class(capsys, tmp_path):
    run = tmp_path / "run"
    arguments = *SMALL, "--steps", 1, "--sample-every", 1, "--workdir", run
    assert gan_jax(capsys, "train", EXPERIMENTS / "labels" / "infogan.py", *arguments).status == 0
    refused(gan_jax(capsys, "sample", run, "--class", "3"), "--class 3", "not conditional")


@pytest.mark.parametrize(("flag", "value"), [("--count", 0), ("--seed", -1)])
def test_numbers_out_of_range(digits_run, capsys, flag, value):
    refused(gan_jax(capsys, "sample", digits_run, flag, value), flag, f"not {value}")


def test_a_run_that_translates_draws_no_samples(translation_run, capsys):
    refused(gan_jax(capsys, "sample", translation_run), "translates images", "use gan-jax translate")


def test_a_picture_that_cannot_be_written(digits_run, tmp_path, capsys):
    (tmp_path / "file").touch()
    result = gan_jax(capsys, "sample", digits_run, "--out", tmp_path / "file" / "a.png")
    refused(result, "cannot write", "a.png", status=1)
