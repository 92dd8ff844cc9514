"""DiffAugment and instance noise, against PyTorch's operations and worked by hand."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from support.augmented_games import images, play

from gan_jax.augmentation import (
    brightness,
    contrast,
    cutout,
    diff_augment,
    instance_noise,
    no_augmentation,
    saturation,
    translation,
)
from gan_jax.augmentation.diffaugment import cut, saturate, scale_contrast, translate

ALL = (brightness, saturation, contrast, translation, cutout)


def keys(count, seed=0):
    return jax.random.split(jax.random.key(seed), count)


def in_pytorch(torch, name, x, y):
    """What each transform does to an image (H, W, C), by PyTorch's own operations."""
    if name == "saturate":
        mean = x.mean(-1, keepdim=True)
        return torch.lerp(mean.expand_as(x), x, y)
    if name == "contrast":
        return torch.lerp(x.mean().expand_as(x), x, y)
    if name == "translate":  # down by 2, left by 1
        return torch.nn.functional.pad(x, (0, 0, 0, 1, 2, 0))[: x.shape[0], 1:]
    mask = torch.ones_like(x)
    mask[1:4, 0:2] = 0  # 3 x 4 about (2, 0): two of its columns lie outside
    return x * mask


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("saturate", lambda x: saturate(x, 1.7)),
        ("contrast", lambda x: scale_contrast(x, 0.6)),
        ("translate", lambda x: translate(x, 2, -1)),
        ("cut", lambda x: cut(x, 2, 0, (3, 4))),
    ],
)
def test_values_and_gradients_are_pytorchs(name, ours):
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    x, weights = images(2, (6, 7, 3))
    theirs = torch.tensor(x, requires_grad=True)
    expected = in_pytorch(torch, name, theirs, 1.7 if name == "saturate" else 0.6)
    (expected**2 * torch.tensor(weights)).sum().backward()
    np.testing.assert_allclose(ours(x), expected.detach(), rtol=1e-5, atol=1e-6)
    gradient = jax.grad(lambda x: jnp.sum(ours(x) ** 2 * weights))(x)
    np.testing.assert_allclose(gradient, theirs.grad, rtol=1e-5, atol=1e-6)


def test_brightness_adds_one_number_to_each_image():
    x = images(500, (2, 2, 3))
    added = np.asarray(brightness(x, keys(500)) - x)
    np.testing.assert_allclose(added, np.broadcast_to(added[:, :1, :1, :1], x.shape), atol=1e-6)
    spans(added[:, 0, 0, 0], -0.5, 0.5)


def test_contrast_and_saturation_draw_a_factor_for_each_image():
    x = images(500, (2, 2, 3))
    for transform, low, high, axes in ((contrast, 0.5, 1.5, (1, 2, 3)), (saturation, 0, 2, 3)):
        away = x - x.mean(axes, keepdims=True)
        after = np.asarray(transform(x, keys(500)))
        factors = np.sum((after - x.mean(axes, keepdims=True)) * away, (1, 2, 3)) / np.sum(away**2, (1, 2, 3))
        np.testing.assert_allclose(after.mean(axes), x.mean(axes), atol=1e-5)
        spans(factors, low, high)


def spans(values, low, high):
    """Of a uniform distribution: its ends are reached and not left, and its mean is about the middle."""
    assert low - 1e-5 <= values.min() < low + 0.05 * (high - low)
    assert high - 0.05 * (high - low) < values.max() <= high + 1e-5
    assert values.mean() == pytest.approx((low + high) / 2, abs=0.06 * (high - low))


def test_gray_images_have_no_saturation_to_change():
    x = images(3)
    np.testing.assert_array_equal(saturation(x, keys(3)), x)


def test_translation_draws_every_shift_up_to_an_eighth_of_the_side():
    x = np.zeros((400, 16, 16, 1), np.float32)
    x[:, 8, 8] = 1
    places = np.argwhere(np.asarray(translation(x, keys(400))))[:, 1:3] - 8
    assert len(places) == 400
    assert {tuple(place) for place in places} == {(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)}


def test_cutout_draws_every_centre_of_a_square_of_half_the_side():
    removed = np.asarray(cutout(np.ones((600, 4, 4, 1), np.float32), keys(600)))[..., 0] == 0

    def spans_of(axis):
        return {tuple(np.flatnonzero(one)) for one in removed.any(axis)}

    # Centred on 0, ..., 4 of 4 pixels: at the ends one row of the two lies outside.
    assert spans_of(2) == spans_of(1) == {(0,), (0, 1), (1, 2), (2, 3), (3,)}
    for one in removed:
        assert one.sum() == one.any(0).sum() * one.any(1).sum()  # a rectangle


def test_a_cutout_of_an_odd_size_is_centred_on_a_pixel():
    removed = np.asarray(cutout(np.ones((200, 6, 6, 1), np.float32), keys(200)))[..., 0] == 0
    rows = {tuple(np.flatnonzero(one)) for one in removed.any(2)}
    assert rows == {(0, 1), (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (4, 5)}


def test_transforms_are_applied_in_turn_with_keys_of_their_own():
    drawn = []

    def record(images, keys):
        drawn.append(np.asarray(jax.random.key_data(keys)))
        return 2 * images + 1

    augmentation = diff_augment(record, record)
    np.testing.assert_array_equal(augmentation.apply(jnp.ones(3), keys(3), (), 0), np.full(3, 7.0))
    assert len(np.unique(np.concatenate(drawn), axis=0)) == 6


def test_an_examples_draw_is_its_keys_alone():
    augmentation, x = diff_augment(*ALL), images(4, (8, 8, 3))
    whole = augmentation.apply(x, keys(4), (), 0)
    np.testing.assert_allclose(whole[2:], augmentation.apply(x[2:], keys(4)[2:], (), 0), atol=1e-6)
    same = augmentation.apply(np.stack([x[0]] * 4), keys(4), (), 0)
    assert all(np.abs(same[0] - one).max() > 0.05 for one in same[1:])


@pytest.mark.parametrize(
    "augmentation", [diff_augment(*ALL), instance_noise(optax.linear_schedule(0.5, 0, 10))], ids=["diff", "noise"]
)
def test_a_game_trains_with_it(augmentation):
    (state, metrics), (plain, _) = play(augmentation), play(no_augmentation)
    assert all(np.isfinite(value) for value in metrics.values())
    for player in state.params:
        ours, without = (s.params[player]["Dense_0"]["kernel"] for s in (state, plain))
        assert np.abs(ours - without).max() > 1e-4


def test_no_transforms_are_refused():
    with pytest.raises(ValueError, match="at least one transform"):
        diff_augment()


def test_instance_noise_is_normal_with_the_schedules_deviation():
    x, noise = images(50, (10, 10, 3)), instance_noise(optax.linear_schedule(0.4, 0, 100))
    for step, std in ((0, 0.4), (75, 0.1)):
        added = np.asarray(noise.apply(x, keys(50), (), jnp.int32(step)) - x) / std
        assert (added.mean(), added.std()) == pytest.approx((0, 1), abs=0.02)
        assert np.mean(added**4) == pytest.approx(3, abs=0.2)  # a normal distribution's kurtosis
        assert np.abs(np.corrcoef(added.reshape(50, -1)) - np.eye(50)).max() < 0.3
    np.testing.assert_array_equal(noise.apply(x, keys(50), (), jnp.int32(100)), x)


def test_instance_noise_of_one_strength_may_be_varied_over_a_population():
    x = images(2, (5,))
    both = jax.vmap(lambda std: instance_noise(std).apply(x, keys(2), (), 0))(jnp.array([0.0, 0.5]))
    np.testing.assert_array_equal(both[0], x)
    np.testing.assert_allclose(both[1], instance_noise(0.5).apply(x, keys(2), (), 3), atol=1e-6)


def test_instance_noise_below_0_is_refused():
    with pytest.raises(ValueError, match="instance noise must be at least 0, not -1"):
        instance_noise(-1)


def test_other_ratios_may_be_had():
    x = np.ones((50, 8, 8, 1), np.float32)
    assert np.all(np.sum(np.asarray(partial(cutout, ratio=1 / 4)(x, keys(50))) == 0, (1, 2, 3)) <= 4)
    np.testing.assert_array_equal(partial(translation, ratio=0.0)(x, keys(50)), x)
