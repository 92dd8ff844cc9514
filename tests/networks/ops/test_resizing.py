"""Resizing and a convolution as one, against the two after each other in PyTorch: values and gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.networks.ops import (
    blur_pool,
    downsample,
    downsample_smooth,
    upsample,
    upsample_bilinear,
    upsample_smooth,
)
from gan_jax.networks.ops.resizing import (
    conv_downsample,
    smooth_conv_downsample,
    smooth_upsample_conv,
    upsample_conv,
)


def test_doubling_repeats_pixels_and_halving_averages_them():
    x = jnp.arange(4.0).reshape(1, 2, 2, 1)
    np.testing.assert_array_equal(upsample(x)[0, :, :, 0], [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]])
    np.testing.assert_array_equal(downsample(x)[0, :, :, 0], [[1.5]])
    np.testing.assert_array_equal(downsample(upsample(x)), x)


def test_bilinear_doubling_is_that_of_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 4)).astype(np.float32)
    images = torch.tensor(x).permute(0, 3, 1, 2)
    expected = torch.nn.functional.interpolate(images, scale_factor=2, mode="bilinear", align_corners=False)
    np.testing.assert_allclose(upsample_bilinear(x), expected.permute(0, 2, 3, 1), rtol=0, atol=1e-6)


def test_smooth_resizing_is_a_convolution_with_a_fixed_kernel():
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    functional, line = torch.nn.functional, torch.tensor([1.0, 3.0, 3.0, 1.0])
    x = np.random.default_rng(0).normal(size=(2, 6, 4, 1)).astype(np.float32)
    kernel, images = (torch.outer(line, line) / 64)[None, None], torch.tensor(x).permute(0, 3, 1, 2)
    doubled = functional.conv_transpose2d(images, 4 * kernel, stride=2, padding=1)
    halved = functional.conv2d(images, kernel, stride=2, padding=1)
    for ours, theirs in ((upsample_smooth(x), doubled), (downsample_smooth(x), halved)):
        np.testing.assert_allclose(ours, theirs.permute(0, 2, 3, 1), rtol=0, atol=1e-6)


@pytest.mark.parametrize("function", [smooth_upsample_conv, smooth_conv_downsample])
def test_a_filtered_convolution_is_the_two_after_each_other_and_so_are_two_orders_of_gradients(function):
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    functional, line = torch.nn.functional, torch.tensor([1.0, 3.0, 3.0, 1.0]).double()
    filters = (torch.outer(line, line) / 64).expand(5, 1, -1, -1)
    rng = np.random.default_rng(0)
    x, kernel = rng.normal(size=(2, 6, 4, 3)).astype(np.float32), rng.normal(size=(3, 3, 3, 5)).astype(np.float32)
    tx, tk = torch.tensor(np.float64(x), requires_grad=True), torch.tensor(np.float64(kernel), requires_grad=True)
    images, weight = tx.permute(0, 3, 1, 2), tk.permute(3, 2, 0, 1)
    if function is smooth_upsample_conv:
        y = functional.conv_transpose2d(images, weight.swapaxes(0, 1), stride=2)
        y = functional.conv2d(functional.pad(y, (1,) * 4), 4 * filters, groups=5)
    else:
        y = functional.conv2d(functional.pad(images, (2,) * 4), filters[:3], groups=3)
        y = functional.conv2d(y, weight, stride=2)
    y = y.permute(0, 2, 3, 1)
    (slope,) = torch.autograd.grad(torch.sin(y).sum(), tx, create_graph=True)
    slope.square().sum().backward()

    def penalty(x, kernel):
        return jnp.sum(jnp.square(jax.grad(lambda x: jnp.sum(jnp.sin(function(x, kernel))))(x)))

    for ours, theirs in zip(
        (function(x, kernel), *jax.grad(penalty, (0, 1))(x, kernel)), (y.detach(), tx.grad, tk.grad), strict=True
    ):
        assert ours.shape == tuple(theirs.shape)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-5 * theirs.abs().max().item())


def test_a_blur_before_every_second_pixel_keeps_ramps_and_takes_checks_away():
    ramp = jnp.broadcast_to(jnp.arange(8.0)[None, :, None, None], (1, 8, 7, 1))
    # At the border, the row before the first is the second.
    np.testing.assert_array_equal(blur_pool(ramp)[0, :, :, 0], np.repeat([[0.5], [2], [4], [6]], 4, 1))
    checks = (jnp.indices((8, 8)).sum(0) % 2).astype(jnp.float32)[None, :, :, None]
    np.testing.assert_array_equal(blur_pool(checks), jnp.full((1, 4, 4, 1), 0.5))


@pytest.mark.parametrize("size", [1, 3, 5])
@pytest.mark.parametrize("function", [upsample_conv, conv_downsample])
def test_is_the_two_after_each_other(function, size):
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    functional = torch.nn.functional
    rng = np.random.default_rng(size)
    x = rng.normal(size=(2, 6, 4, 3)).astype(np.float32)
    kernel = rng.normal(size=(size, size, 3, 5)).astype(np.float32)
    tx, tk = torch.tensor(np.float64(x), requires_grad=True), torch.tensor(np.float64(kernel), requires_grad=True)
    images, weight = tx.permute(0, 3, 1, 2), tk.permute(3, 2, 0, 1)
    if function is upsample_conv:
        images = functional.interpolate(images, scale_factor=2, mode="nearest")
    expected = functional.conv2d(images, weight, padding=size // 2)
    if function is conv_downsample:
        expected = functional.avg_pool2d(expected, 2)
    expected = expected.permute(0, 2, 3, 1)
    weights = rng.normal(size=expected.shape)
    (expected * torch.tensor(weights)).sum().backward()

    y = function(x, kernel)
    gradients = jax.grad(lambda x, k: jnp.sum(jnp.float32(weights) * function(x, k)), argnums=(0, 1))(x, kernel)
    for ours, theirs in zip((y, *gradients), (expected.detach(), tx.grad, tk.grad), strict=True):
        assert ours.shape == tuple(theirs.shape)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * theirs.abs().max().item())
