"""gan-jax sample --interpolate-styles and --mix-styles."""

import numpy as np
import pytest
from PIL import Image
from support.command import EXPERIMENTS, SMALL, gan_jax, refused

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """2 steps of StyleGAN2 on digits: four layers with styles."""
    from gan_jax.commands.main import main

    folder = tmp_path_factory.mktemp("runs") / "stylegan2"
    tiny = "--most", 8, "--style", 6, "--mapping-layers", 1, "--path-length", 0, "--steps", 2, "--workdir", folder
    main([str(word) for word in ("train", EXPERIMENTS / "unconditional" / "stylegan2.py", *SMALL, *tiny)])
    return folder


def sample(capsys, run, out, *flags):
    result = gan_jax(capsys, "sample", run, "--out", out, *flags)
    assert result.status == 0, result.err
    return result


def arrays(capsys, run, folder, *flags):
    sample(capsys, run, folder / "a.npz", *flags)
    with np.load(folder / "a.npz", allow_pickle=False) as stored:
        return dict(stored)


def close(a, b):
    assert a.shape == b.shape
    assert np.abs(a.astype(int) - b.astype(int)).max() <= 1


@pytest.mark.parametrize("more", [(), ("--truncation", 0.5)])
def test_a_walk_between_styles_ends_at_the_samples(run, tmp_path, capsys, more):
    walk = arrays(capsys, run, tmp_path, "--seeds", "3,8", "--interpolate-styles", *more)
    assert walk.keys() == {"images", "styles"}
    assert walk["styles"].shape == (8, 4, 6)
    ends = arrays(capsys, run, tmp_path, "--seeds", "3,8", *more)
    close(walk["images"][[0, -1]], ends["images"])
    np.testing.assert_allclose(walk["styles"][3], (4 * walk["styles"][0] + 3 * walk["styles"][-1]) / 7, atol=1e-5)


def test_walks_between_styles_are_pictures_animations_and_folders_as_others_are(run, tmp_path, capsys):
    found = {}
    for flag in ("--interpolate", "--interpolate-styles"):
        for out in ("a.png", "a.gif"):
            sample(capsys, run, tmp_path / out, "--count", 16, flag)
        with Image.open(tmp_path / "a.gif") as animation:
            frames = animation.n_frames
        sample(capsys, run, f"{tmp_path}/{flag}/", "--count", 4, flag)
        names = [path.name for path in sorted((tmp_path / flag).iterdir())]
        found[flag] = Image.open(tmp_path / "a.png").size, frames, names
    assert found["--interpolate"] == found["--interpolate-styles"]


def test_a_table_of_mixed_styles_shows_its_sources(run, tmp_path, capsys):
    flags = "--seeds", "1-4", "--mix-styles", 2
    mixed = arrays(capsys, run, tmp_path, *flags)
    samples = arrays(capsys, run, tmp_path, "--seeds", "1-4")["images"]
    close(mixed["images"][[2, 5, 0, 1]], samples)
    # The place of seeds 2 and 3: two layers of each.
    np.testing.assert_array_equal(mixed["styles"][6][:2], mixed["styles"][5][:2])
    np.testing.assert_array_equal(mixed["styles"][6][2:], mixed["styles"][0][2:])
    sample(capsys, run, tmp_path / "a.png", *flags)
    picture = np.asarray(Image.open(tmp_path / "a.png"))
    assert picture.shape == (3 * 33 - 1, 3 * 33 - 1)
    assert (picture[:32, :32] == 255).all()
    expected = mixed["images"][6, ..., 0].repeat(4, 0).repeat(4, 1)
    np.testing.assert_array_equal(picture[66:, 33:65], expected)
    sample(capsys, run, f"{tmp_path}/all/", *flags)
    assert {path.name for path in (tmp_path / "all").iterdir()} == {
        *(f"seed{i}.png" for i in range(1, 5)),
        *(f"seed{i}-seed{j}.png" for i in (1, 2) for j in (3, 4)),
    }


def test_a_count_is_that_of_mixtures(run, tmp_path, capsys):
    result = sample(capsys, run, tmp_path / "a.png", "--count", 6, "--mix-styles", 4)
    assert Image.open(tmp_path / "a.png").size == (3 * 33 - 1, 4 * 33 - 1)  # three rows of two
    assert result.out.startswith("11 samples")


def test_what_cannot_be_mixed_is_refused(run, digits_run, tmp_path, capsys):
    for flag in (("--interpolate-styles",), ("--mix-styles", 2)):
        refused(gan_jax(capsys, "sample", digits_run, *flag), f"{flag[0]} for", "no styles of its generator")
        three = gan_jax(capsys, "sample", run, "--seeds", "1-3", *flag)
        refused(three, flag[0], "3 are given")
    refused(gan_jax(capsys, "sample", run, "--mix-styles", 5), "--mix-styles 5", "has 4 layers with styles")
    both = gan_jax(capsys, "sample", run, "--interpolate", "--mix-styles", 2)
    refused(both, "--interpolate and --mix-styles", "give one of them")
