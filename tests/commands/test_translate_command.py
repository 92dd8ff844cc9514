"""gan-jax translate: image files to image files, and what it refuses."""

import numpy as np
import pytest
from PIL import Image
from support import tiny_translation
from support.command import gan_jax, refused

from gan_jax.data import load
from gan_jax.inference import make_translator


def translated(run, images, direction="AtoB", seed=1):
    from gan_jax.training.run_folder import load_run

    game, _, nets = load_run(run).restore()
    return make_translator(game, nets, direction, seed)(images)


@pytest.mark.parametrize("direction", ["AtoB", "BtoA"])
def test_translate_writes_every_image_of_a_folder_at_its_own_size(translation_run, tmp_path, capsys, direction):
    rng = np.random.default_rng(0)
    sizes = {"a.png": (8, 8), "deep/b.bmp": (20, 12), "deep/c.png": (8, 8)}
    images = {name: rng.integers(0, 256, (size[1], size[0]), np.uint8) for name, size in sizes.items()}
    for name, image in images.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(tmp_path / "in" / name)
    result = gan_jax(capsys, "translate", translation_run, tmp_path / "in", tmp_path / "out", "--direction", direction)
    assert result.status == 0, result.err
    assert "3 images translated by step 12" in result.out
    for name, image in images.items():
        with Image.open((tmp_path / "out" / name).with_suffix(".png")) as out:
            expected = translated(translation_run, image[None, ..., None], direction)[0]
            np.testing.assert_array_equal(np.asarray(out)[..., None], expected)


def test_translate_one_image_and_its_noise_goes_by_the_seed(translation_run, tmp_path, capsys):
    Image.fromarray(np.full((8, 8), 100, np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "folder").mkdir()
    made = []
    for out, seed in ((tmp_path / "b.png", 1), (tmp_path / "folder", 1), (tmp_path / "b.png", 2)):
        assert gan_jax(capsys, "translate", translation_run, tmp_path / "a.png", out, "--seed", seed).status == 0
        made.append(np.asarray(Image.open(out / "a.png" if out.is_dir() else out)))
    np.testing.assert_array_equal(made[0], made[1])
    assert (made[0] != made[2]).any()


def test_a_size_that_does_not_fit_is_refused_or_resized(translation_run, tmp_path, capsys):
    Image.fromarray(np.zeros((8, 11), np.uint8)).save(tmp_path / "odd.png")
    out = tmp_path / "out.png"
    refused(gan_jax(capsys, "translate", translation_run, tmp_path / "odd.png", out),
            "odd.png is 11x8", "nearest size that does is 12x8: --resize")  # fmt: skip
    assert not out.exists()
    assert gan_jax(capsys, "translate", translation_run, tmp_path / "odd.png", out, "--resize").status == 0
    assert Image.open(out).size == (12, 8)


def test_what_translate_refuses(translation_run, tmp_path, capsys):
    image = tmp_path / "in" / "a.png"
    image.parent.mkdir()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(image)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "b.png").write_text("no image")
    (tmp_path / "empty").mkdir()
    for arguments, words in (
        ([image, tmp_path / "b.png", "--direction", "AtoC"], ["--direction AtoC", "AtoB and BtoA", "mean AtoB?"]),
        ([image, tmp_path / "b.png", "--direction", "b2a"], ["--direction b2a", "did you mean BtoA?"]),
        ([image.parent, image.parent], ["would be overwritten"]),
        ([image, image], ["are the same file"]),
        ([image, tmp_path / "b.bmp"], ["b.bmp: the name of the image to write must end in .png, .jpg, .jpeg"]),
        ([tmp_path / "c.png", tmp_path / "b.png"], ["c.png: no such file"]),
        ([tmp_path / "empty", tmp_path / "out"], ["no images there"]),
        ([tmp_path / "bad" / "b.png", tmp_path / "b.png"], ["b.png cannot be read as an image: not an image"]),
        ([image.parent, image], ["is not a folder"]),
    ):
        refused(gan_jax(capsys, "translate", translation_run, *arguments), *words)
    assert not (tmp_path / "out").exists()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "in" / "a.bmp")
    refused(gan_jax(capsys, "translate", translation_run, image.parent, tmp_path / "out"), "several images")


def test_gray_images_become_colour_and_colour_images_become_gray_first(
    colorization_run, colour_noise, tmp_path, capsys
):
    held_out = load(f"colorization:{colour_noise}", resolution=8).test
    Image.fromarray(held_out.images[0, ..., 0]).save(tmp_path / "gray.png")
    Image.fromarray(held_out.targets[0]).save(tmp_path / "colour.png")
    made = []
    for name in ("gray", "colour"):
        out = tmp_path / f"{name}_out.png"
        assert gan_jax(capsys, "translate", colorization_run, tmp_path / f"{name}.png", out).status == 0
        with Image.open(out) as image:
            made.append(np.asarray(image))
    assert made[0].shape == (8, 8, 3)
    np.testing.assert_array_equal(*made)


def test_a_bad_file_in_a_folder_does_not_stop_the_rest(translation_run, tmp_path, capsys):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    image = np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)
    for name in ("a.png", "d.png"):
        Image.fromarray(image).save(folder / name)
    (folder / "b.png").write_text("no image")
    whole = (folder / "a.png").read_bytes()
    (folder / "c.png").write_bytes(whole[:50])  # its header is right
    result = gan_jax(capsys, "translate", translation_run, folder, out)
    refused(result, "2 images translated", "2 of 4 images were not translated", status=1)
    for name in ("b.png", "c.png"):
        assert f"left out: {folder / name} cannot be read as an image" in result.out
    assert sorted(path.name for path in out.iterdir()) == ["a.png", "d.png"]
    np.testing.assert_array_equal(
        np.asarray(Image.open(out / "d.png")), translated(translation_run, image[None, ..., None])[0, ..., 0]
    )


def test_sizes_are_checked_before_anything_is_written(translation_run, tmp_path, capsys):
    (tmp_path / "in").mkdir()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "in" / "a.png")
    Image.fromarray(np.zeros((11, 8), np.uint8)).save(tmp_path / "in" / "b.png")
    result = gan_jax(capsys, "translate", translation_run, tmp_path / "in", tmp_path / "out")
    refused(result, "b.png is 8x11", "--resize")
    assert not (tmp_path / "out").exists()


def test_one_translation_has_the_format_of_its_ending(translation_run, tmp_path, capsys):
    Image.fromarray(np.full((8, 8), 100, np.uint8)).save(tmp_path / "a.png")
    assert gan_jax(capsys, "translate", translation_run, tmp_path / "a.png", tmp_path / "b.jpg").status == 0
    assert Image.open(tmp_path / "b.jpg").format == "JPEG"
    assert gan_jax(capsys, "translate", translation_run, tmp_path / "a.png", f"{tmp_path}/new/").status == 0
    assert Image.open(tmp_path / "new" / "a.png").format == "PNG"


def test_gray_and_16_bit_images_become_colour_where_that_is_translated(tmp_path, capsys, colour_noise):
    run, image, out = tmp_path / "run", tmp_path / "gray.png", tmp_path / "out.png"
    arguments = ("--dataset", f"inpainting:{colour_noise}", "--steps", 1, "--workdir", run)
    assert gan_jax(capsys, "train", tiny_translation.__file__, *arguments).status == 0
    shades = np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)
    Image.fromarray(shades).save(image)
    Image.fromarray(shades.astype(np.uint16) * 257).save(tmp_path / "deep.png")
    made = []
    for path in (image, tmp_path / "deep.png"):
        assert gan_jax(capsys, "translate", run, path, out).status == 0
        made.append(np.asarray(Image.open(out)))
        np.testing.assert_array_equal(made[-1], translated(run, shades[None, ..., None].repeat(3, -1))[0])
    np.testing.assert_array_equal(*made)
    result = gan_jax(capsys, "translate", run, image, out, "--direction", "BtoA")
    refused(result, "it translates AtoB, not BtoA")
    assert "did you mean" not in result.err


def test_a_run_that_draws_samples_translates_nothing(digits_run, tmp_path, capsys):
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "a.png")
    refused(gan_jax(capsys, "translate", digits_run, tmp_path / "a.png", tmp_path / "b.png"), "translates nothing")
