"""Transforms of images on the device."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import beta, kstest

from gan_jax.data.transforms import mixup, random_crop, random_flip, to_float, to_uint8


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


def test_a_crop_is_a_window_of_the_padded_image():
    images = jnp.asarray(np.random.default_rng(0).random((40, 5, 7, 2), np.float32))
    crops = np.asarray(random_crop(images, jax.random.split(jax.random.key(0), 40), padding=2))
    seen = set()
    for image, crop in zip(np.asarray(images), crops, strict=True):
        padded = np.pad(image, ((2, 2), (2, 2), (0, 0)), mode="edge")
        corners = [(y, x) for y in range(5) for x in range(5) if np.array_equal(padded[y : y + 5, x : x + 7], crop)]
        assert len(corners) == 1
        seen.add(corners[0])
    assert {y for y, _ in seen} == {x for _, x in seen} == set(range(5))


def test_mixup_takes_the_same_shares_of_images_and_targets():
    images = jnp.asarray(np.random.default_rng(1).random((6, 4, 4, 1), np.float32))
    targets = jax.nn.one_hot(jnp.arange(6), 6)
    mixed, mixed_targets = mixup(images, targets, jax.random.split(jax.random.key(3), 6), alpha=1.0)
    np.testing.assert_allclose(mixed_targets.sum(1), 1, rtol=1e-6)
    shares = np.diag(mixed_targets)
    for i in range(6):
        expected = shares[i] * images[i] + (1 - shares[i]) * images[(i + 1) % 6]
        np.testing.assert_allclose(mixed[i], expected, atol=1e-6)
        assert mixed_targets[i, (i + 1) % 6] == pytest.approx(1 - shares[i], abs=1e-6)
    assert len(np.unique(shares)) == 6


def test_the_shares_of_mixup_are_of_the_beta_distribution():
    count, alpha = 4000, 0.2
    targets = jax.nn.one_hot(jnp.arange(count) % 2, 2)
    keys = jax.random.split(jax.random.key(0), count)
    _, mixed = mixup(jnp.zeros((count, 1)), targets, keys, alpha)
    shares = np.asarray(mixed)[np.arange(count), np.arange(count) % 2]
    assert kstest(shares, beta(alpha, alpha).cdf).pvalue > 0.01
