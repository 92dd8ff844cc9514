"""Splits of pairs, and what a game learns about the data."""

import dataclasses

import numpy as np
import pytest

from gan_jax.data import DataInfo, Dataset, Split, load


def images(count, side=4, channels=3):
    return np.random.default_rng(count).integers(0, 256, (count, side, side, channels), np.uint8)


def test_pairs_have_as_many_targets_as_images():
    with pytest.raises(ValueError, match="5 images and 6 targets cannot be pairs"):
        Split(images(5), None, images(6))
    split = Split(images(5), None, images(6), paired=False)
    assert (len(split), len(split.targets), split.in_memory) == (5, 6, True)


def test_a_recipe_learns_the_shapes_and_is_told_what_is_missing():
    split = Split(images(5), None, images(5, channels=1))
    info = Dataset("mine", split, split, ()).info
    assert info.translation_shapes == info.pair_shapes == ((4, 4, 3), (4, 4, 1))
    apart = dataclasses.replace(info, paired=False)
    assert apart.translation_shapes == info.translation_shapes
    with pytest.raises(ValueError, match="the data are unpaired"):
        _ = apart.pair_shapes
    with pytest.raises(ValueError, match="the data have no targets"):
        _ = DataInfo((4, 4, 3), ()).translation_shapes


def test_points_have_no_image_shape_and_images_no_dimensions():
    with pytest.raises(ValueError, match="one of images, and the data are points of 2 numbers"):
        load("ring", resolution=8).info.image_shape  # noqa: B018
    with pytest.raises(ValueError, match="one of points, and the data are images"):
        load("digits", resolution=8).info.dimensions  # noqa: B018
