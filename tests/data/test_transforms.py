"""Transforms of images on the device."""

import jax
import numpy as np

from gan_jax.data.transforms import random_flip, to_float, to_uint8


def test_bytes_survive_the_way_to_float_and_back():
    values = np.arange(256, dtype=np.uint8)
    floats = to_float(values)
    assert floats.dtype == np.float32
    assert floats[0] == -1
    assert floats[255] == 1
    np.testing.assert_array_equal(to_uint8(floats), values)
    assert to_uint8(np.array([-3.0, 3.0, 0.001])).tolist() == [0, 255, 128]


def test_random_flip_mirrors_about_half_and_depends_on_each_key_alone():
    images = np.random.default_rng(3).normal(size=(400, 3, 4, 1)).astype(np.float32)
    keys = jax.random.split(jax.random.key(0), 400)
    flipped = np.asarray(random_flip(images, keys))
    mirrored = np.array([np.array_equal(out, image[:, ::-1]) for out, image in zip(flipped, images, strict=True)])
    kept = np.array([np.array_equal(out, image) for out, image in zip(flipped, images, strict=True)])
    assert (mirrored ^ kept).all()
    assert 150 < mirrored.sum() < 250
    np.testing.assert_array_equal(random_flip(images[7:9], keys[7:9]), flipped[7:9])
