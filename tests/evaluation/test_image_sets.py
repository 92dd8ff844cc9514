"""Comparing sets of images without a run: from arrays, and by `gan-jax evaluate --real SOURCE --fake SOURCE`."""

import json

import numpy as np
import pytest
from PIL import Image
from support.command import gan_jax, refused

from gan_jax.common.errors import UsageError
from gan_jax.data import load
from gan_jax.evaluation.features import pixels
from gan_jax.evaluation.image_sets import compare_images


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    return load("digits", resolution=8).train.images


@pytest.fixture
def folders(digits, tmp_path):
    """Two folders of digits as files."""
    for name, images in (("real", digits[:60]), ("fake", digits[60:100])):
        (tmp_path / name / "deep").mkdir(parents=True)
        for i, image in enumerate(images):
            Image.fromarray(image[..., 0]).save(tmp_path / name / ("deep" if i % 2 else "") / f"{i}.png")
    return tmp_path


def test_a_set_against_itself_is_perfect(digits):
    found = compare_images(digits[:200], digits[:200], pixels((8, 8, 1)))
    figures = found.figures
    assert figures["frechet_distance"] == pytest.approx(0, abs=1e-9)
    assert figures["precision"] == figures["recall"] == figures["coverage"] == 1
    assert figures["nearest_real_distance"] == 0
    assert found.settings["features"] == "pixels"
    assert "inception_score" not in figures  # pixels have no logits


def test_real_images_are_compared_with_each_other_for_reference(digits):
    real, fake, others = digits[:300], 255 - digits[300:500], digits[500:700]
    halves = compare_images(real, fake, pixels((8, 8, 1))).figures
    assert halves["frechet_distance_real"] < 0.5 * halves["frechet_distance"]
    assert halves["precision"] == 0 < halves["precision_real"]
    given = compare_images(real, fake, pixels((8, 8, 1)), held_out=others)
    assert given.figures["frechet_distance"] == halves["frechet_distance"]
    assert given.figures["frechet_distance_real"] < 0.5 * given.figures["frechet_distance"]
    assert given.settings["held_out_count"] == 200


def test_fewer_images_can_be_compared(digits):
    found = compare_images(digits[:300], digits[300:], pixels((8, 8, 1)), count=50)
    assert (found.settings["real_count"], found.settings["fake_count"]) == (50, 50)


@pytest.mark.parametrize(
    ("fake", "message"),
    [
        (lambda digits: digits[:5], "at least 6 fake images, not 5"),
        (lambda digits: digits[:9] / 127.5 - 1, r"uint8 in \[0, 255\], not float64: convert floats"),
        (lambda digits: np.full((9, 8, 8, 1), np.nan, np.float32), "values that are not finite"),
        (lambda digits: digits[:9, ..., 0], r"\(N, H, W, 3\), not \(9, 8, 8\)"),
    ],
)
def test_what_is_no_set_of_images_is_refused(digits, fake, message):
    with pytest.raises(UsageError, match=message):
        compare_images(digits[:20], fake(digits), pixels((8, 8, 1)))


def test_folders_and_archives_are_compared_by_the_command(folders, digits, capsys):
    np.savez(folders / "fake.npz", digits[60:100])
    out = folders / "out"
    common = ("evaluate", "--real", folders / "real", "--features", "pixels")
    result = gan_jax(capsys, *common, "--fake", folders / "fake", "--out", out)
    assert result.status == 0, result.err
    found = json.loads((out / "evaluation.json").read_text())
    assert (found["settings"]["real_count"], found["settings"]["fake_count"]) == (60, 40)
    assert found["fake"] == str(folders / "fake")
    assert f"{found['frechet_distance']:.4g}" in result.out
    with Image.open(out / "closest.png") as picture:
        assert picture.size == (10 * 33 - 1, 65)
    # The same images in an archive, and as the training images of a dataset at the size of the folder's.
    gan_jax(capsys, *common, "--fake", folders / "fake.npz", "--out", folders / "again")
    again = json.loads((folders / "again" / "evaluation.json").read_text())
    assert again["frechet_distance"] == pytest.approx(found["frechet_distance"], rel=1e-6)
    result = gan_jax(capsys, "evaluate", "--real", "digits", "--fake", folders / "fake", "--features", "pixels")
    assert result.status == 0, result.err
    assert "40 images against 1348 real ones" in result.out
    assert "real: 449 held-out" in result.out


def test_wrong_sources_are_refused_in_one_line(folders, capsys):
    real, fake = folders / "real", folders / "fake"
    refused(gan_jax(capsys, "evaluate"), "give the folder of a run, or images by --real SOURCE and --fake SOURCE")
    refused(gan_jax(capsys, "evaluate", "--real", real), "--fake SOURCE")
    refused(gan_jax(capsys, "evaluate", real, "--fake", fake), "--fake goes without a run")
    refused(gan_jax(capsys, "evaluate", "--real", real, "--fake", fake, "--path-length"), "--path-length needs a run")
    refused(
        gan_jax(capsys, "evaluate", "--real", "digits", "--fake", "glyphs"), "'digits' have no size", "--resolution"
    )
    refused(gan_jax(capsys, "evaluate", "--real", "ring", "--fake", fake), "'ring' has points")
    refused(gan_jax(capsys, "evaluate", "--real", folders / "reel", "--fake", fake), "reel: no such folder")
    (folders / "empty").mkdir()
    refused(gan_jax(capsys, "evaluate", "--real", folders / "empty", "--fake", fake), "empty: no images there")
    Image.new("L", (9, 8)).save(fake / "z.png")
    refused(
        gan_jax(capsys, "evaluate", "--real", real, "--fake", fake),
        "images of several sizes: 0.png is 8x8, and z.png is 9x8",
        "Give --resolution",
    )
    np.savez(folders / "wide.npz", images=np.zeros((9, 8, 10), np.uint8))
    refused(gan_jax(capsys, "evaluate", "--real", real, "--fake", folders / "wide.npz"), "are 8x8", "are 8x10")
    np.savez(folders / "floats.npz", images=np.zeros((9, 8, 8), np.float32))
    refused(gan_jax(capsys, "evaluate", "--real", real, "--fake", folders / "floats.npz"), "'images' is float32")
