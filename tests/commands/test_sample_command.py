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


def test_truncated_latents_are_within_the_threshold_and_of_the_class(conditional_run, tmp_path, capsys):
    def drawn(*flags):
        out = tmp_path / "drawn.npz"
        assert gan_jax(capsys, "sample", conditional_run, "--count", 12, "--out", out, *flags).status == 0
        return dict(np.load(out))

    whole, near = drawn(), drawn("--truncation", 0.5, "--class", 3)
    assert np.abs(near["latents"]).max() <= 0.5 < np.abs(whole["latents"]).max()
    assert (np.sign(near["latents"]) == np.sign(whole["latents"])).all()
    assert set(near["labels"]) == {"3"}
    assert (near["images"] != whole["images"]).any()


def test_truncations_that_cannot_be(conditional_run, tmp_path, capsys):
    for threshold in (0, -0.5):
        result = gan_jax(capsys, "sample", conditional_run, "--truncation", threshold)
        refused(result, f"--truncation {threshold:g}", f"above 0, not {threshold:g}")
    np.save(tmp_path / "latents.npy", np.zeros((3, 8), np.float32))
    given = "--latents", tmp_path / "latents.npy"
    result = gan_jax(capsys, "sample", conditional_run, "--truncation", 0.5, *given)
    refused(result, "--truncation 0.5 says which latents to draw", "latents.npy gives them")


def test_standing_statistics_change_the_samples_and_no_latents(conditional_run, tmp_path, capsys):
    found = []
    for flags in ((), ("--standing-statistics", 2), ("--standing-statistics", 2, "--class", 3)):
        out = tmp_path / "drawn.npz"
        result = gan_jax(capsys, "sample", conditional_run, "--count", 4, "--out", out, *flags)
        assert result.status == 0, result.err
        found.append(dict(np.load(out)))
    usual, standing, own = found
    np.testing.assert_array_equal(usual["latents"], standing["latents"])
    assert (usual["images"] != standing["images"]).any()
    # The statistics are those of all classes, so the sample of class 3 is the same.
    np.testing.assert_allclose(own["images"][3].astype(int), standing["images"][3], atol=1)


def test_statistics_that_cannot_be_measured(conditional_run, ring_run, capsys):
    result = gan_jax(capsys, "sample", conditional_run, "--standing-statistics", 0)
    refused(result, "--standing-statistics 0", "at least 1, not 0")
    refused(gan_jax(capsys, "sample", ring_run, "--standing-statistics", 2), "has no batch normalization")


def test_a_run_without_classes_styles_and_normal_latents(capsys, tmp_path):
    run = tmp_path / "run"
    arguments = *SMALL, "--steps", 1, "--sample-every", 1, "--workdir", run
    assert gan_jax(capsys, "train", EXPERIMENTS / "labels" / "infogan.py", *arguments).status == 0
    refused(gan_jax(capsys, "sample", run, "--class", "3"), "--class 3", "not conditional")
    refused(gan_jax(capsys, "sample", run, "--truncation", 0.5), "--truncation 0.5", "no mean style, and no latents")


@pytest.mark.parametrize(("flag", "value"), [("--count", 0), ("--seed", -1)])
def test_numbers_out_of_range(digits_run, capsys, flag, value):
    refused(gan_jax(capsys, "sample", digits_run, flag, value), flag, f"not {value}")


def test_a_run_that_translates_draws_no_samples(translation_run, capsys):
    refused(gan_jax(capsys, "sample", translation_run), "translates images", "use gan-jax translate")


def test_a_picture_that_cannot_be_written(digits_run, tmp_path, capsys):
    (tmp_path / "file").touch()
    result = gan_jax(capsys, "sample", digits_run, "--out", tmp_path / "file" / "a.png")
    refused(result, "cannot write", "a.png", status=1)
