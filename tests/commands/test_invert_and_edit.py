"""gan-jax invert and gan-jax edit: latents that other commands take, pictures, and what is refused."""

import numpy as np
import pytest
from PIL import Image
from support.command import gan_jax, refused

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(digits_run, tmp_path_factory):
    """Images as files of other sizes and colours, a mask, and samples of the run with their latents."""
    from gan_jax.commands.main import main

    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    (folder / "set").mkdir()
    for i in range(3):
        Image.fromarray(rng.integers(0, 256, (20, 16, 3)).astype(np.uint8)).save(folder / "set" / f"{i}.png")
    Image.fromarray(np.kron([[0, 255], [255, 255]], np.ones((4, 4))).astype(np.uint8)).save(folder / "mask.png")
    Image.fromarray(np.full((8, 8), 255, np.uint8)).save(folder / "white.png")
    main(["sample", str(digits_run), "--count", "5", "--out", str(folder / "samples.npz")])
    return folder


def test_latents_of_samples_make_them_again(digits_run, folder, tmp_path, capsys):
    result = gan_jax(capsys, "invert", digits_run, folder / "samples.npz", tmp_path / "found.npz")
    assert result.status == 0, result.err
    assert "5 images inverted by step 60" in result.out
    with np.load(tmp_path / "found.npz") as found, np.load(folder / "samples.npz") as drawn:
        assert found["latents"].shape == drawn["latents"].shape
        assert np.abs(found["images"].astype(float) - drawn["images"]).mean() < 8
        made = found["images"]
    assert gan_jax(capsys, "sample", digits_run, "--latents", tmp_path / "found.npz", "--out", tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as again:
        np.testing.assert_array_equal(again["images"], made)


def test_pictures_of_files_and_of_hidden_parts(digits_run, folder, tmp_path, capsys):
    result = gan_jax(capsys, "invert", digits_run, folder / "set", tmp_path / "a.png", "--steps", 5)
    assert "3 images inverted by step 60" in result.out
    one = gan_jax(capsys, "invert", digits_run, folder / "set" / "1.png", tmp_path / "b.png", "--steps", 0)
    assert "1 image inverted" in one.out
    masked = ("--mask", folder / "mask.png", "--steps", 5)
    assert gan_jax(capsys, "invert", digits_run, folder / "set", tmp_path / "c.png", *masked).status == 0
    sizes = [Image.open(tmp_path / f"{name}.png").size for name in "abc"]
    # 3 or 1 rows of 2 or 3 columns of 8 pixels, with lines between.
    assert sizes[0][1] > 2.5 * sizes[1][1]
    assert sizes[2][0] > 1.4 * sizes[0][0]
    hidden = np.asarray(Image.open(tmp_path / "c.png").convert("L"))
    side = sizes[2][0] // 3
    # The hidden quarter of the image in the second column.
    assert (hidden[side // 8 : 3 * side // 8, side + side // 8 : side + 3 * side // 8] == 0).all()


@pytest.mark.parametrize("way", [("--sefa", 2), ("--ganspace", 1), ("--class", "7")])
def test_rows_are_samples_and_columns_are_steps(way, digits_run, tmp_path, capsys):
    flags = (*way, "--count", 2, "--columns", 3, "--strength", 2)
    result = gan_jax(capsys, "edit", digits_run, tmp_path / "edit.npz", *flags)
    assert result.status == 0, result.err
    assert "2 samples of step 60 moved" in result.out
    assert gan_jax(capsys, "sample", digits_run, "--count", 2, "--out", tmp_path / "drawn.npz").status == 0
    with np.load(tmp_path / "edit.npz") as edit, np.load(tmp_path / "drawn.npz") as drawn:
        places = edit["latents"].reshape(2, 3, -1)
        np.testing.assert_allclose(places[:, 1], drawn["latents"], atol=1e-6)
        steps = np.diff(places, axis=1)
        np.testing.assert_allclose(np.linalg.norm(steps, axis=2), 2, rtol=1e-5)
        np.testing.assert_allclose(steps[0, 0], steps[1, 1], atol=1e-5)
        np.testing.assert_array_equal(edit["images"].reshape(2, 3, 8, 8, 1)[:, 1], drawn["images"])


def test_latents_that_invert_found_are_edited(digits_run, folder, tmp_path, capsys):
    latents = tmp_path / "found.npz"
    assert gan_jax(capsys, "invert", digits_run, folder / "set", latents, "--steps", 2).status == 0
    flags = ("--latents", latents, "--sefa", 1, "--columns", 4)
    assert gan_jax(capsys, "edit", digits_run, tmp_path / "edit.png", *flags).status == 0
    assert gan_jax(capsys, "edit", digits_run, f"{tmp_path}/single/", *flags).status == 0
    assert len(list((tmp_path / "single").iterdir())) == 12


def test_a_conditional_run_keeps_its_classes(conditional_run, tmp_path, capsys):
    flags = ("--sefa", 1, "--count", 3, "--columns", 2)
    assert gan_jax(capsys, "edit", conditional_run, tmp_path / "edit.npz", *flags).status == 0
    with np.load(tmp_path / "edit.npz") as edit:
        assert edit["labels"].tolist() == ["0", "0", "1", "1", "2", "2"]
    refused(gan_jax(capsys, "edit", conditional_run, tmp_path / "x.png", "--class", "7"), "discriminator with features")


def test_what_is_wrong_is_said_and_nothing_written(digits_run, ring_run, translation_run, folder, tmp_path, capsys):
    out = tmp_path / "out.png"
    edit, invert = ("edit", digits_run, out), ("invert", digits_run, folder / "samples.npz", out)
    np.savez(tmp_path / "colour.npz", images=np.zeros((2, 8, 8, 3), np.uint8))
    (tmp_path / "broken.png").write_bytes(b"no picture")
    cases = [
        (edit, "one of --class, --sefa, --ganspace names the direction, and none is given"),
        ((*edit, "--sefa", 1, "--class", 7), "not --class and --sefa"),
        ((*edit, "--sefa", 0), "--sefa must be at least 1, not 0"),
        ((*edit, "--sefa", 4000), "--sefa 4000: the run has"),
        ((*edit, "--class", "seven"), "there is no such class as seven"),
        ((*edit, "--labels", "glyphs:bold", "--sefa", 1), "--labels says where the class of --class comes from"),
        ((*edit, "--labels", "glyphs:bald", "--class", "bald"), "there are no glyphs:bald"),
        ((*edit, "--sefa", 1, "--columns", 1), "--columns must be at least 2"),
        ((*edit, "--sefa", 1, "--strength", 0), "--strength must be above 0"),
        (("edit", digits_run, tmp_path / "out.pdf", "--sefa", 1), "must end in"),
        (("edit", digits_run, tmp_path / "out.txt", "--sefa", 1), "a .txt file holds texts"),
        (("edit", ring_run, out, "--sefa", 1), "images are edited, and the run has points"),
        (("edit", translation_run, out, "--sefa", 1), "images are edited, and the run has translations"),
        (("invert", digits_run, tmp_path / "none", out), "no such folder, and no NumPy archive (.npz) or image"),
        (("invert", digits_run, tmp_path / "broken.png", out), "(not an image)"),
        (("invert", digits_run, tmp_path / "colour.npz", out), "its images are 8x8x3"),
        (("invert", digits_run, folder / "set", tmp_path / "out.txt"), "for a picture, or .npz for arrays"),
        ((*invert, "--mask", folder / "white.png"), "it has no dark parts"),
        ((*invert, "--mask", tmp_path / "colour.npz"), "a mask is one image"),
        ((*invert, "--steps", -1), "--steps must be at least 0"),
        (("invert", translation_run, folder / "set", out), "translates images"),
        (("invert", ring_run, folder / "set", out), "the experiment is one of images"),
    ]
    for words, message in cases:
        refused(gan_jax(capsys, *words), message)
    assert not out.exists()
