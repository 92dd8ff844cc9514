"""Degraded images and their baselines."""

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from gan_jax.common.errors import UsageError
from gan_jax.data import load

TASKS = ("superresolution", "inpainting", "denoising", "edges")


def colourful(tmp_path, count=12, side=16):
    """Smooth random images, reddish, as a spec."""
    noise = np.random.default_rng(0).normal(size=(count, side, side, 3))
    smooth = ndimage.gaussian_filter(noise, (0, 3, 3, 0), mode="nearest")
    smooth = smooth + 3 * smooth.mean(-1, keepdims=True)
    smooth = (smooth - smooth.min((1, 2, 3), keepdims=True)) / np.ptp(smooth, (1, 2, 3), keepdims=True)
    np.savez(tmp_path / "colour.npz", images=(smooth * (255, 180, 90)).astype(np.uint8), labels=np.arange(count) % 2)
    return f"npz:{tmp_path}/colour.npz"


@pytest.fixture
def spec(tmp_path):
    return colourful(tmp_path)


def error(images, truth):
    return np.abs(images.astype(float) - truth).mean()


@pytest.mark.parametrize("task", ["colorization", *TASKS])
def test_targets_are_the_images_and_labels_stay(spec, task):
    base, dataset = load(spec, resolution=16), load(f"{task}:{spec}", resolution=16)
    for whole, split in ((base.train, dataset.train), (base.test, dataset.test)):
        np.testing.assert_array_equal(split.targets, whole.images)
        np.testing.assert_array_equal(split.labels, whole.labels)
        assert split.images.dtype == np.uint8
        assert split.images.shape == (*whole.images.shape[:3], 1 if task in ("colorization", "edges") else 3)
    assert dataset.classes == base.classes
    assert dataset.name == f"{task}:{base.name}"
    again = load(f"{task}:{spec}", resolution=16)
    np.testing.assert_array_equal(again.train.images, dataset.train.images)


@pytest.mark.parametrize("task", TASKS)
def test_degradations_take_gray_images_too_and_images_on_disk(task):
    memory = load(f"{task}:digits", resolution=8)
    assert memory.info.pair_shapes == ((8, 8, 1), (8, 8, 1))
    disk = load(f"{task}:digits", resolution=8, memory_limit=0)
    assert not disk.train.in_memory
    np.testing.assert_array_equal(disk.test.images[5], memory.test.images[5])


def test_gray_versions_are_the_luma(spec):
    split = load(f"colorization:{spec}", resolution=16).train
    luma = split.targets.astype(float) @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(split.images[..., 0], luma, atol=0.51)


def test_small_images_have_one_colour_in_four_by_four_pixels(spec):
    split = load(f"superresolution:{spec}", resolution=16).train
    blocks = split.images.reshape(-1, 4, 4, 4, 4, 3)
    assert np.ptp(blocks, axis=(2, 4)).max() == 0
    small = np.asarray(Image.fromarray(split.targets[3]).resize((4, 4), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(split.images[3, ::4, ::4], small)


def test_holes_are_in_the_middle(spec):
    split = load(f"inpainting:{spec}", resolution=16).train
    changed = split.images != split.targets
    assert (split.images[:, 4:12, 4:12] == 128).all()
    changed[:, 4:12, 4:12] = False
    assert not changed.any()


def test_noise_is_gaussian_and_another_in_every_image(tmp_path):
    np.savez(tmp_path / "flat.npz", images=np.full((60, 16, 16), 128, np.uint8))
    dataset = load(f"denoising:npz:{tmp_path}/flat.npz", resolution=16)
    noise = np.concatenate([dataset.train.images, dataset.test.images]).astype(float) - 128
    assert noise.mean() == pytest.approx(0, abs=2)
    assert noise.std() == pytest.approx(50, rel=0.02)  # clipping reduces it by 1 %
    assert (np.abs(noise) < 50).mean() == pytest.approx(0.683, abs=0.02)
    assert len(np.unique(noise.reshape(60, -1), axis=0)) == 60
    neighbours = np.corrcoef(noise[:, :, :-1].ravel(), noise[:, :, 1:].ravel())[0, 1]
    assert abs(neighbours) < 0.03


def test_edges_are_where_the_image_changes(tmp_path):
    step = np.zeros((6, 20, 20), np.uint8)
    step[:, :, 10:] = 200
    np.savez(tmp_path / "step.npz", images=step)
    edges = load(f"edges:npz:{tmp_path}/step.npz", resolution=20).train.images
    assert (edges[..., 9:11, 0] == 0).all()
    assert (np.delete(edges, (9, 10), axis=2) == 255).all()
    np.savez(tmp_path / "flat.npz", images=np.full((6, 8, 8), 9, np.uint8))
    assert (load(f"edges:npz:{tmp_path}/flat.npz", resolution=8).train.images == 255).all()


@pytest.mark.parametrize("task", ["colorization", "superresolution", "inpainting", "denoising"])
def test_baselines_bring_something_back(spec, task):
    dataset = load(f"{task}:{spec}", resolution=16)
    split = dataset.test
    assert dataset.origin.baselines
    for name, make in dataset.origin.baselines.items():
        made = make(split.images, dataset.train)
        assert made.shape == split.targets.shape
        assert made.dtype == np.uint8
        assert error(made, split.targets) < error(split.images, split.targets), name


@pytest.mark.parametrize("task", ["colorization", *TASKS])
def test_rectangles_are_degraded_in_both_directions_alike(tmp_path, task):
    """What happens to an upright picture happens to it lying, too."""
    spec = colourful(tmp_path)
    shape = (8, 16)
    wide = load(f"{task}:{spec}", resolution=shape)
    assert wide.info.pair_shapes == ((*shape, 1 if task in ("colorization", "edges") else 3), (*shape, 3))
    assert wide.train.images.dtype == np.uint8
    for make in wide.origin.baselines.values():
        made = make(wide.test.images, wide.train)
        assert error(made, wide.test.targets) < error(wide.test.images, wide.test.targets)
    if task in ("superresolution", "inpainting"):
        lying = wide.train.targets.transpose(0, 2, 1, 3)
        np.savez(tmp_path / "turned.npz", images=lying, test_images=lying)
        high = load(f"{task}:npz:{tmp_path}/turned.npz", resolution=shape[::-1])
        np.testing.assert_allclose(high.train.images.transpose(0, 2, 1, 3).astype(int), wide.train.images, atol=1)


def test_a_rectangle_has_a_hole_of_half_its_height_and_width(tmp_path):
    split = load(f"inpainting:{colourful(tmp_path)}", resolution=(8, 16)).train
    assert (split.images[:, 2:6, 4:12] == 128).all()
    outside = np.ones((8, 16), bool)
    outside[2:6, 4:12] = False
    np.testing.assert_array_equal(split.images[:, outside], split.targets[:, outside])


def test_sides_that_are_too_small_or_uneven_are_refused(spec):
    with pytest.raises(UsageError, match="multiple of 4, not 10"):
        load(f"superresolution:{spec}", resolution=(8, 10))
    with pytest.raises(UsageError, match="at least 4, not 3"):
        load(f"inpainting:{spec}", resolution=(8, 3))


def test_harmonic_values_in_a_rectangle():
    y, x = np.mgrid[:16, :24]
    whole = (10 + 3 * x + 2 * y)[None, ..., None].astype(np.uint8)
    holed = whole.copy()
    holed[:, 4:12, 6:18] = 128
    dataset = load("inpainting:digits", resolution=8)
    np.testing.assert_allclose(dataset.origin.baselines["harmonic"](holed, dataset.train).astype(int), whole, atol=1)


def test_harmonic_values_are_the_means_of_their_neighbours():
    y, x = np.mgrid[:16, :16]
    # Bilinear functions are harmonic on the grid, so they are restored exactly.
    whole = np.stack([40 + 8 * x + 2 * y, 10 + x * y], 0)[..., None].clip(0, 255).astype(np.uint8)
    dataset = load("inpainting:digits", resolution=8)
    holed = whole.copy()
    holed[:, 4:12, 4:12] = 128
    filled = dataset.origin.baselines["harmonic"](holed, dataset.train)
    np.testing.assert_allclose(filled.astype(int), whole, atol=1)


def test_the_mean_colour_is_that_of_its_gray_level(tmp_path):
    # Two colours with the same gray level, one of them three times as common, and a colour with another level.
    red, green, blue = (200, 0, 60), (0, 102, 60), (0, 0, 255)
    pixels = np.array([red, red, red, green, blue], np.uint8)[np.arange(25) % 5].reshape(1, 5, 5, 3).repeat(12, 0)
    np.savez(tmp_path / "two.npz", images=pixels)
    dataset = load(f"colorization:npz:{tmp_path}/two.npz", resolution=5)
    levels = [int(dataset.train.images[0, 0, i, 0]) for i in range(5)]
    assert levels[0] == levels[3] != levels[4]
    made = dataset.origin.baselines["mean colour"](dataset.test.images, dataset.train)
    assert made[0, 0, 0].tolist() == made[0, 0, 3].tolist() == [150, 26, 60]
    assert made[0, 0, 4].tolist() == list(blue)


@pytest.mark.parametrize(
    ("spec", "message"),
    [("colorization:digits", "are gray; colorization needs colour images"), ("denoising:ring", "has points"),
     ("superresolution:digits", "multiple of 4, not 6"), ("edges:edges:digits", "already has targets"),
     ("edges:nowhere", "unknown dataset 'nowhere'")],
)  # fmt: skip
def test_what_cannot_be_degraded(spec, message):
    with pytest.raises(UsageError, match=message):
        load(spec, resolution=6)
