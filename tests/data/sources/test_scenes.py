"""Drawn street fronts."""

import numpy as np
import pytest

from gan_jax.common.errors import UsageError
from gan_jax.data import load
from gan_jax.data.sources import houses, scenes
from gan_jax.data.sources.houses import NAMES, PALETTE, draw
from gan_jax.evaluation.metrics import read_labels


@pytest.fixture(scope="module")
def drawn():
    """60 scenes at 32 pixels: labels (N, H, W) and pictures."""
    maps, pictures = (np.stack(side) for side in zip(*(draw(number, 32) for number in range(60)), strict=True))
    return read_labels(maps, PALETTE), pictures


def test_label_maps_have_colours_of_the_palette_alone_and_all_of_them(drawn):
    labels, _ = drawn
    for number in range(5):
        label_map, picture = draw(number, 32)
        np.testing.assert_array_equal(PALETTE[labels[number]], label_map)
        assert label_map.shape == picture.shape == (32, 32, 3)
        assert label_map.dtype == picture.dtype == np.uint8
    assert len(NAMES) == len(PALETTE) == len(np.unique(labels))
    distances = np.abs(PALETTE[:, None].astype(int) - PALETTE).max(-1)
    assert distances[~np.eye(8, dtype=bool)].min() == 255


def test_a_scene_is_what_a_street_front_is(drawn):
    labels, _ = drawn
    shares = np.bincount(labels.ravel(), minlength=8) / labels.size
    assert shares.min() > 0.005
    assert shares[houses.WALL] > 0.15
    assert (labels[:, 0] == houses.SKY).mean() > 0.8
    assert (labels[:, -1] == houses.GROUND).mean() > 0.8
    # Every scene has a door, unless trees hide all of them.
    assert np.mean([(each == houses.DOOR).any() for each in labels]) > 0.9


def test_looks_are_not_told_by_the_labels(drawn):
    """The mean colour of a label explains little of how a wall, a roof or the sky looks in a scene."""
    labels, pictures = drawn
    for label in (houses.WALL, houses.ROOF, houses.SKY, houses.GROUND, houses.TREE):
        means = np.array(
            [
                picture[each == label].mean(0)
                for each, picture in zip(labels, pictures, strict=True)
                if (each == label).any()
            ]
        )
        assert means.std(0).mean() > 15, NAMES[label]
    # Windows also vary within a scene.
    window = [picture[each == houses.WINDOW].std(0).mean() for each, picture in zip(labels, pictures, strict=True)]
    assert np.mean(window) > 20


def test_scenes_differ_and_depend_on_their_number_alone():
    first = [draw(number, 16) for number in range(20)]
    for label_map, picture in (draw(7, 16), draw(7, 16)):
        np.testing.assert_array_equal(label_map, first[7][0])
        np.testing.assert_array_equal(picture, first[7][1])
    assert len({label_map.tobytes() for label_map, _ in first}) == 20


@pytest.mark.parametrize("number", [0, 5])
def test_what_is_where_is_the_same_at_every_resolution(number):
    small, large = (draw(number, resolution)[0] for resolution in (32, 128))
    enlarged = small.repeat(4, 0).repeat(4, 1)
    assert (enlarged == large).all(-1).mean() > 0.8


def test_the_dataset_is_cached_and_both_ways_round(monkeypatch):
    monkeypatch.setattr(scenes, "TRAIN_COUNT", 12)
    monkeypatch.setattr(scenes, "TEST_COUNT", 4)
    first = load("scenes", resolution=16)
    assert (len(first.train), len(first.test)) == (12, 4)
    assert first.info.pair_shapes == ((16, 16, 3), (16, 16, 3))
    monkeypatch.setattr(scenes, "draw", None)
    second = load("reverse:scenes", resolution=16)
    np.testing.assert_array_equal(second.train.images, first.train.targets)
    np.testing.assert_array_equal(second.test.targets, first.test.images)
    assert (first.origin.labels_are, second.origin.labels_are) == ("images", "targets")
    assert load("shuffled:scenes", resolution=16).origin.labels_are == "images"


@pytest.mark.parametrize("resolution", [8, 512])
def test_other_resolutions_are_refused(resolution):
    with pytest.raises(UsageError, match=f"from 16 to 256, not {resolution}"):
        load("scenes", resolution=resolution)


def test_rectangles_are_refused_and_two_equal_sides_are_not(monkeypatch):
    monkeypatch.setattr(scenes, "TRAIN_COUNT", 2)
    monkeypatch.setattr(scenes, "TEST_COUNT", 1)
    with pytest.raises(UsageError, match="drawn as squares, not at 32x64: give one number"):
        load("scenes", resolution=(32, 64))
    assert load("scenes", resolution=(16, 16)).image_shape == (16, 16, 3)
