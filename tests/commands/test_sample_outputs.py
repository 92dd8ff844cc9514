"""gan-jax sample --out: the ending of the name decides; and samples of given seeds and latents."""

import shutil

import numpy as np
import pytest
from PIL import Image
from support.command import gan_jax, refused

from gan_jax.commands.sample_latents import parse_seeds
from gan_jax.common.errors import UsageError
from gan_jax.data import load

pytestmark = pytest.mark.slow


def sample(capsys, run, out, *flags):
    result = gan_jax(capsys, "sample", run, "--out", out, *flags)
    assert result.status == 0, result.err
    return result


def arrays(path):
    with np.load(path, allow_pickle=False) as stored:
        return dict(stored)


def images_in(folder):
    return {path.name: np.asarray(Image.open(path)) for path in sorted(folder.iterdir())}


def test_arrays_are_drawn_again_from_their_latents_and_are_a_dataset(conditional_run, tmp_path, capsys):
    sample(capsys, conditional_run, tmp_path / "a.npz", "--count", 40, "--seed", 3)
    held = arrays(tmp_path / "a.npz")
    assert (held["images"].dtype, held["images"].shape) == (np.uint8, (40, 8, 8, 1))
    assert held["latents"].shape == (40, 8)
    assert held["labels"].tolist() == [str(i % 10) for i in range(40)]
    result = sample(capsys, conditional_run, tmp_path / "b.npz", "--latents", tmp_path / "a.npz")
    assert result.out == f"40 samples of step 1: {tmp_path / 'b.npz'}\n"
    again = arrays(tmp_path / "b.npz")
    assert again.keys() == held.keys()
    for name in held:
        np.testing.assert_array_equal(again[name], held[name])
    data = load(f"npz:{tmp_path / 'a.npz'}", resolution=8)
    assert data.classes == tuple("0123456789")
    together = np.concatenate([data.train.images, data.test.images])
    np.testing.assert_array_equal(np.sort(together, axis=0), np.sort(held["images"], axis=0))


def test_latents_can_be_drawn_as_another_class(conditional_run, tmp_path, capsys):
    sample(capsys, conditional_run, tmp_path / "a.npz", "--count", 10)
    sample(capsys, conditional_run, tmp_path / "b.npz", "--latents", tmp_path / "a.npz", "--class", 7)
    a, b = arrays(tmp_path / "a.npz"), arrays(tmp_path / "b.npz")
    np.testing.assert_array_equal(a["latents"], b["latents"])
    assert b["labels"].tolist() == ["7"] * 10


def test_single_images_have_names_that_tell_how_to_draw_them_again(conditional_run, tmp_path, capsys):
    sample(capsys, conditional_run, f"{tmp_path}/new/", "--count", 11, "--seed", 5)
    drawn = images_in(tmp_path / "new")
    assert list(drawn) == [f"seed5_{i:02d}_{i % 10}.png" for i in range(11)]
    sample(capsys, conditional_run, tmp_path / "a.npz", "--count", 11, "--seed", 5)
    np.testing.assert_array_equal(np.stack(list(drawn.values())), arrays(tmp_path / "a.npz")["images"][..., 0])
    # A folder that exists needs no / at its end.
    (tmp_path / "old").mkdir()
    sample(capsys, conditional_run, tmp_path / "old", "--seeds", "5-6,2", "--class", 4)
    assert list(images_in(tmp_path / "old")) == ["seed2_4.png", "seed5_4.png", "seed6_4.png"]


def test_a_list_of_seeds_gives_the_first_sample_of_each(digits_run, tmp_path, capsys):
    sample(capsys, digits_run, tmp_path / "list.npz", "--seeds", "9,1-2")
    found = arrays(tmp_path / "list.npz")
    assert "labels" not in found
    for i, seed in ((0, 9), (2, 2)):
        sample(capsys, digits_run, tmp_path / "one.npz", "--seed", seed, "--count", 3)
        expected = arrays(tmp_path / "one.npz")
        np.testing.assert_array_equal(found["latents"][i], expected["latents"][0])
        np.testing.assert_array_equal(found["images"][i], expected["images"][0])


def test_a_walk_between_two_seeds_begins_and_ends_at_their_samples(digits_run, tmp_path, capsys):
    sample(capsys, digits_run, f"{tmp_path}/walk/", "--seeds", "3,8", "--interpolate")
    steps = images_in(tmp_path / "walk")
    assert list(steps) == [f"seed3-seed8_step{i:03d}.png" for i in range(8)]
    sample(capsys, digits_run, f"{tmp_path}/ends/", "--seeds", "3,8")
    for (_, end), place in zip(images_in(tmp_path / "ends").items(), (0, -1), strict=True):
        assert np.abs(list(steps.values())[place].astype(int) - end).max() <= 1
    refused(gan_jax(capsys, "sample", digits_run, "--seeds", "3,8,9", "--interpolate"), "two latents", "3 are given")


def frames(path):
    with Image.open(path) as animation:
        count = animation.n_frames
        made = []
        for i in range(count):
            animation.seek(i)
            made.append(np.asarray(animation.convert("L")))
    return np.stack(made)


def test_an_animation_has_a_frame_for_each_sample_or_for_each_step_of_all_walks(digits_run, tmp_path, capsys):
    sample(capsys, digits_run, tmp_path / "each.gif", "--count", 3)
    sample(capsys, digits_run, tmp_path / "each.npz", "--count", 3)
    expected = arrays(tmp_path / "each.npz")["images"][..., 0].repeat(4, 1).repeat(4, 2)
    np.testing.assert_array_equal(frames(tmp_path / "each.gif"), expected)
    sample(capsys, digits_run, tmp_path / "walks.gif", "--count", 16, "--interpolate")
    sample(capsys, digits_run, tmp_path / "walks.png", "--count", 16, "--interpolate")
    rows = np.asarray(Image.open(tmp_path / "walks.png"))
    moving = frames(tmp_path / "walks.gif")
    assert moving.shape == (4, 65, 65)
    # Step 2 of the third walk: the lower left of frame 2.
    np.testing.assert_array_equal(moving[2, 33:, :32], rows[2 * 33 : 2 * 33 + 32, 2 * 33 : 2 * 33 + 32])


def test_points_are_pictures_or_arrays_but_no_single_images(ring_run, tmp_path, capsys):
    sample(capsys, ring_run, tmp_path / "a.npz", "--count", 7)
    held = arrays(tmp_path / "a.npz")
    assert (held["points"].dtype, held["points"].shape) == (np.float32, (7, 2))
    sample(capsys, ring_run, tmp_path / "b.npz", "--latents", tmp_path / "a.npz")
    np.testing.assert_array_equal(arrays(tmp_path / "b.npz")["points"], held["points"])
    sample(capsys, ring_run, tmp_path / "a.jpg", "--count", 7)
    assert Image.open(tmp_path / "a.jpg").size == (480, 480)
    sample(capsys, ring_run, tmp_path / "a.gif", "--count", 9, "--interpolate")
    assert frames(tmp_path / "a.gif").shape == (3, 480, 480)
    refused(gan_jax(capsys, "sample", ring_run, "--out", f"{tmp_path}/points/"), "the samples are points")
    assert not (tmp_path / "points").exists()


def test_a_checkpoint_is_chosen_by_its_step(digits_run, tmp_path, capsys):
    steps = sorted(int(path.name) for path in (digits_run / "checkpoints").iterdir() if path.name.isdecimal())
    said = [sample(capsys, digits_run, tmp_path / f"{step}.npz", "--checkpoint", step).out for step in steps[-2:]]
    assert [f"of step {step}:" in out for step, out in zip(steps[-2:], said, strict=True)] == [True, True]
    older, newer = (arrays(tmp_path / f"{step}.npz")["images"] for step in steps[-2:])
    assert (older != newer).any()
    refused(gan_jax(capsys, "sample", digits_run, "--checkpoint", 7), "no checkpoint of step 7", status=1)


def test_a_copy_of_a_run_is_sampled_if_it_is_trusted(digits_run, tmp_path, capsys):
    shutil.copytree(digits_run, tmp_path / "copy")
    refused(gan_jax(capsys, "sample", tmp_path / "copy", "--out", tmp_path / "a.png"), "--trust")
    assert not (tmp_path / "a.png").exists()
    sample(capsys, tmp_path / "copy", tmp_path / "a.png", "--trust")


@pytest.mark.parametrize("out", ["grid", "grid.bmp", "grid.npy", "grid.png.md"])
def test_other_endings_are_refused_with_those_that_are_honoured(tmp_path, capsys, out):
    result = gan_jax(capsys, "sample", tmp_path / "no_run", "--out", tmp_path / out)
    refused(result, f"{out}: the name must end in .png, .jpg, .jpeg", ".gif", ".npz", "or / for a folder")
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--seeds", "1", "--seed", 2), "--seeds says which samples to draw, so --seed cannot be given too"),
        (("--seeds", "1", "--count", 2), "so --count cannot"),
        (("--latents", "a.npy", "--seed", 2), "--latents says which samples to draw, so --seed cannot"),
        (("--latents", "a.npy", "--seeds", "2"), "cannot be given too"),
        (("--seed", 2**32), "--seed must be below 4294967296"),
    ],
)
def test_flags_that_exclude_others(tmp_path, capsys, flags, words):
    refused(gan_jax(capsys, "sample", tmp_path / "no_run", *flags), words)


def test_latents_that_do_not_suit_the_run(digits_run, tmp_path, capsys):
    np.save(tmp_path / "z.npy", np.zeros((5, 3)))
    result = gan_jax(capsys, "sample", digits_run, "--latents", tmp_path / "z.npy", "--out", tmp_path / "a.png")
    refused(result, "z.npy: latents are float64 of shape (5, 3)", "of shape (N, 8)")
    assert len(result.err.splitlines()) == 1


def test_lists_of_seeds():
    assert parse_seeds("1,5-8") == [1, 5, 6, 7, 8]
    assert parse_seeds("0") == [0]
    assert parse_seeds("9-9, 3") == [9, 3]
    for words, reason in {
        "": "neither a seed nor a range",
        "1,,2": "neither a seed nor a range",
        "1-2-3": "'1-2-3' is neither",
        "1.5": "'1.5' is neither",
        "9" * 5000: "is neither",
        "8-5": "8-5 ends before it begins",
        "0,3,0": "the seed 0 is there twice",
        "1-3,2": "the seed 2 is there twice",
        "0-4294967296": "must be below",
        "0-4294967295": "more than 100,000 seeds",
    }.items():
        with pytest.raises(UsageError, match=reason):
            parse_seeds(words)
