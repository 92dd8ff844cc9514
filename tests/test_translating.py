"""Runs that translate images: train, translate, evaluate, sweep, and what each of them refuses."""

import json
import shutil
from pathlib import Path

import jax
import numpy as np
import pytest
from command import DIGITS, assert_same_bits, checkpoint, gan_jax, metrics, refused
from PIL import Image
from tiny_translation import Config, build, scaling

from gan_jax.data import DataInfo, load
from gan_jax.data.splits import shuffled
from gan_jax.game import init_state, networks
from gan_jax.translating import can_translate, make_translator

TINY = str(Path(__file__).with_name("tiny_translation.py"))
EVERY = ("--steps", 12, "--log-every", 3, "--sample-every", 6, "--checkpoint-every", 6, "--flip", "--jitter")


def noise(folder, channels):
    """A dataset of 30 images of noise, without labels, as a spec."""
    rng = np.random.default_rng(0)
    np.savez(folder / "noise.npz", images=rng.integers(0, 256, (30, 8, 8, channels), np.uint8))
    return f"npz:{folder}/noise.npz"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Of both directions, without pairs, resumed once."""
    from gan_jax import cli

    folder = tmp_path_factory.mktemp("runs") / "tiny"
    arguments = ["train", TINY, *map(str, EVERY), "--dataset", "shuffled:edges:digits", "--both", "--noise", "0.1"]
    cli.main([*arguments, "--workdir", str(folder)])
    return folder


def test_the_configuration_tells_what_was_translated(run):
    data = json.loads((run / "config.json").read_text())["data"]
    assert data["target_shape"] == [8, 8, 1]
    assert data["paired"] is False


def test_a_run_resumes_exactly(run, tmp_path, capsys):
    again = tmp_path / "again"
    shutil.copytree(run, again)
    shutil.rmtree(again / "checkpoints" / "12")
    arguments = (*EVERY, "--dataset", "shuffled:edges:digits", "--both", "--noise", 0.1)
    result = gan_jax(capsys, "train", TINY, *arguments, "--workdir", again)
    assert "at step 6 of 12" in result.out
    assert metrics(again) == metrics(run)
    assert_same_bits(checkpoint(again, 12), checkpoint(run, 12))


def test_pictures_show_input_output_and_reconstruction_of_both_directions(run):
    with Image.open(run / "samples" / "step_00000012.png") as picture:
        assert picture.size == (6 * 33 - 1, 8 * 33 - 1)
        tiles = np.asarray(picture)[:, :, None] if picture.mode == "L" else np.asarray(picture)
    held_out = load("edges:digits", resolution=8).test
    shown = shuffled(len(held_out), 0)
    for column, images in ((0, held_out.images), (3, held_out.targets)):
        for row in range(8):
            tile = tiles[row * 33 : row * 33 + 32 : 4, column * 33 : column * 33 + 32 : 4]
            np.testing.assert_array_equal(tile, images[shown[row]])


def test_pictures_of_pairs_show_input_output_and_target_in_colour(tmp_path, capsys):
    run, spec = tmp_path / "run", f"colorization:{noise(tmp_path, 3)}"
    result = gan_jax(capsys, "train", TINY, "--pairs", "--dataset", spec, "--steps", 2, "--workdir", run)
    assert result.status == 0, result.err
    with Image.open(run / "samples" / "step_00000002.png") as picture:
        assert (picture.mode, picture.size) == ("RGB", (3 * 33 - 1, 5 * 33 - 1))
        tiles = np.asarray(picture)
    held_out = load(spec, resolution=8).test
    shown = shuffled(len(held_out), 0)
    np.testing.assert_array_equal(tiles[:32:4, :32:4], held_out.images[shown[0]].repeat(3, -1))
    np.testing.assert_array_equal(tiles[:32:4, 66:98:4], held_out.targets[shown[0]])
    # Gray images become colour, and colour images gray first; with nobody's labels there is no classifier.
    Image.fromarray(held_out.images[0, ..., 0]).save(tmp_path / "gray.png")
    Image.fromarray(held_out.targets[0]).save(tmp_path / "colour.png")
    made = []
    for name in ("gray", "colour"):
        out = tmp_path / f"{name}_out.png"
        assert gan_jax(capsys, "translate", run, tmp_path / f"{name}.png", out).status == 0
        with Image.open(out) as image:
            made.append(np.asarray(image))
    assert made[0].shape == (8, 8, 3)
    np.testing.assert_array_equal(*made)
    result = gan_jax(capsys, "evaluate", run)
    assert result.status == 0, result.err
    evaluation = json.loads((run / "evaluation.json").read_text())
    assert evaluation["measures"] == ["l1", "psnr", "ssim"]
    assert evaluation["baselines"]["AtoB"].keys() == {"source", "mean image", "mean colour"}


def translated(run, images, direction="AtoB", seed=1):
    from gan_jax.runs import load_run

    game, _, nets = load_run(run).restore()
    return make_translator(game, nets, direction, seed)(images)


@pytest.mark.parametrize("direction", ["AtoB", "BtoA"])
def test_translate_writes_every_image_of_a_folder_at_its_own_size(run, tmp_path, capsys, direction):
    rng = np.random.default_rng(0)
    sizes = {"a.png": (8, 8), "deep/b.bmp": (20, 12), "deep/c.png": (8, 8)}
    images = {name: rng.integers(0, 256, (size[1], size[0]), np.uint8) for name, size in sizes.items()}
    for name, image in images.items():
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(tmp_path / "in" / name)
    result = gan_jax(capsys, "translate", run, tmp_path / "in", tmp_path / "out", "--direction", direction)
    assert result.status == 0, result.err
    assert "3 images translated by step 12" in result.out
    for name, image in images.items():
        with Image.open((tmp_path / "out" / name).with_suffix(".png")) as out:
            expected = translated(run, image[None, ..., None], direction)[0]
            np.testing.assert_array_equal(np.asarray(out)[..., None], expected)


def test_translate_one_image_and_its_noise_goes_by_the_seed(run, tmp_path, capsys):
    Image.fromarray(np.full((8, 8), 100, np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "folder").mkdir()
    made = []
    for out, seed in ((tmp_path / "b.png", 1), (tmp_path / "folder", 1), (tmp_path / "b.png", 2)):
        assert gan_jax(capsys, "translate", run, tmp_path / "a.png", out, "--seed", seed).status == 0
        made.append(np.asarray(Image.open(out / "a.png" if out.is_dir() else out)))
    np.testing.assert_array_equal(made[0], made[1])
    assert (made[0] != made[2]).any()


def test_a_size_that_does_not_fit_is_refused_or_resized(run, tmp_path, capsys):
    Image.fromarray(np.zeros((8, 11), np.uint8)).save(tmp_path / "odd.png")
    out = tmp_path / "out.png"
    refused(gan_jax(capsys, "translate", run, tmp_path / "odd.png", out),
            "odd.png is 11x8", "nearest size that does is 12x8: --resize")  # fmt: skip
    assert not out.exists()
    assert gan_jax(capsys, "translate", run, tmp_path / "odd.png", out, "--resize").status == 0
    assert Image.open(out).size == (12, 8)


def test_what_translate_refuses(run, tmp_path, capsys):
    image = tmp_path / "in" / "a.png"
    image.parent.mkdir()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(image)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "b.png").write_text("no image")
    (tmp_path / "empty").mkdir()
    for arguments, words in (
        ([image, tmp_path / "b.png", "--direction", "AtoC"], ["--direction AtoC", "AtoB and BtoA"]),
        ([image.parent, image.parent], ["would be overwritten"]),
        ([image, image], ["are the same file"]),
        ([image, tmp_path / "b.jpg"], ["must end in .png"]),
        ([tmp_path / "c.png", tmp_path / "b.png"], ["c.png: no such file"]),
        ([tmp_path / "empty", tmp_path / "out"], ["no images there"]),
        ([tmp_path / "bad", tmp_path / "out"], ["b.png"]),
        ([image.parent, image], ["is not a folder"]),
    ):
        refused(gan_jax(capsys, "translate", run, *arguments), *words)
    assert not (tmp_path / "out").exists()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "in" / "a.bmp")
    refused(gan_jax(capsys, "translate", run, image.parent, tmp_path / "out"), "several images")


def test_a_gray_image_where_colour_is_translated_is_refused(tmp_path, capsys):
    run = tmp_path / "run"
    arguments = ("--dataset", f"inpainting:{noise(tmp_path, 3)}", "--steps", 1, "--workdir", run)
    assert gan_jax(capsys, "train", TINY, *arguments).status == 0
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "gray.png")
    refused(
        gan_jax(capsys, "translate", run, tmp_path / "gray.png", tmp_path / "out.png"),
        "gray.png is gray, of one channel",
    )
    refused(gan_jax(capsys, "translate", run, tmp_path / "gray.png", tmp_path / "out.png", "--direction", "BtoA"),
            "it translates AtoB, not BtoA")  # fmt: skip


def test_runs_of_the_other_kind_are_refused(run, tmp_path, capsys):
    refused(gan_jax(capsys, "sample", run), "translates images", "use gan-jax translate")
    small = ("--width", 4, "--latent-size", 4, "--batch-size", 4, "--steps", 1, "--workdir", tmp_path / "dcgan")
    assert gan_jax(capsys, "train", DIGITS, *small).status == 0
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "a.png")
    refused(
        gan_jax(capsys, "translate", tmp_path / "dcgan", tmp_path / "a.png", tmp_path / "b.png"), "translates nothing"
    )
    refused(
        gan_jax(capsys, "train", TINY, "--dataset", "digits", "--workdir", tmp_path / "x"), "the data have no targets"
    )
    torn = ("--pairs", "--dataset", "shuffled:edges:digits", "--workdir", tmp_path / "x")
    refused(gan_jax(capsys, "train", TINY, *torn), "learns from pairs", "unpaired")
    refused(gan_jax(capsys, "train", DIGITS, "--jitter", "--dataset", "ring", "--workdir", tmp_path / "x"), "--jitter")
    assert not (tmp_path / "x").exists()


def test_evaluate_says_how_good_both_directions_are_beside_the_baselines(run, capsys, monkeypatch):
    monkeypatch.setattr("gan_jax.metrics.classifier._FEWEST_STEPS", 50)
    result = gan_jax(capsys, "evaluate", run)
    assert result.status == 0, result.err
    evaluation = json.loads((run / "evaluation.json").read_text())
    assert evaluation["step"] == 12
    one = ["l1", "psnr", "ssim", "frechet_distance"]
    assert evaluation["measures"] == [*one, *(f"{name}_BtoA" for name in one)]
    assert all(f"{evaluation[name]:.4g}" in result.out for name in evaluation["measures"])
    for way in ("AtoB", "BtoA"):
        assert evaluation["baselines"][way].keys() == {"source", "mean image", "real: training"}


def test_unpaired_held_out_images_have_no_truth_to_evaluate_by(tmp_path, capsys):
    for side in "AB":
        for i in range(4):
            (tmp_path / f"train{side}").mkdir(exist_ok=True)
            Image.fromarray(np.full((8, 8), i, np.uint8)).save(tmp_path / f"train{side}" / f"{i}.png")
    arguments = ("--dataset", f"unpaired:{tmp_path}", "--steps", 1, "--batch-size", 4, "--workdir", tmp_path / "run")
    assert gan_jax(capsys, "train", TINY, *arguments).status == 0
    refused(gan_jax(capsys, "evaluate", tmp_path / "run"), "not paired")


def test_a_sweep_trains_and_evaluates_translations(tmp_path, capsys):
    arguments = ("--dataset", f"shuffled:edges:{noise(tmp_path, 1)}", "--steps", 2, "--sample-every", 1, "--seeds", 2)
    result = gan_jax(capsys, "sweep", TINY, *arguments, "--workdir", tmp_path / "sweep")
    assert result.status == 0, result.err
    assert "SSIM" in (tmp_path / "sweep" / "table.md").read_text()
    members = list((tmp_path / "sweep" / "members").iterdir())
    assert len(members) == 2
    for member in members:
        assert (member / "evaluation.json").exists()
        assert [path.name for path in (member / "samples").iterdir()] == ["step_00000002.png"]


def test_a_translation_depends_on_the_image_its_place_and_the_seed_alone():
    game = build(Config(noise=0.5), DataInfo((8, 8, 1), (), (8, 8, 3)))
    nets = networks(init_state(game, jax.random.key(0)))
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), np.uint8)
    whole = make_translator(game, nets, "AtoB", 3)(images)
    assert (whole.shape, whole.dtype) == ((40, 8, 8, 3), np.uint8)
    assert np.abs(make_translator(game, nets, "AtoB", 3)(images[:5]).astype(int) - whole[:5]).max() <= 1
    assert (make_translator(game, nets, "AtoB", 4)(images) != whole).any()
    same = make_translator(game, nets, "AtoB", 3)(images[:1].repeat(40, 0))
    assert len(np.unique(same.reshape(40, -1), axis=0)) == 40


def test_sizes_that_a_network_takes():
    game = build(Config(), DataInfo((8, 8, 1), (), (8, 8, 1)))
    nets = networks(init_state(game, jax.random.key(0)))
    assert can_translate(game, nets, "AtoB", 8, 12, 1)
    assert not can_translate(game, nets, "AtoB", 8, 11, 1)
    assert not can_translate(game, nets, "AtoB", 8, 8, 3)
    assert can_translate(scaling(), networks(init_state(scaling(), jax.random.key(0))), "AtoB", 7, 11, 1)
