"""Padding, of convolutions by reflection and of what transposed ones return, against PyTorch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.networks.layers import Conv, ConvTranspose
from gan_jax.networks.ops import computing


def nchw(torch, x):
    return torch.tensor(np.float64(x)).movedim(-1, 1).requires_grad_()


def agree(module, kernel, x, reference):
    """The layer's value and gradients are those of `reference` of (x, kernel as PyTorch has it)."""
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    images, weight = nchw(torch, x), torch.tensor(np.float64(kernel)).permute(3, 2, 0, 1).requires_grad_()
    expected = reference(images, weight)
    weights = np.random.default_rng(1).normal(size=expected.shape)
    expected.backward(torch.tensor(weights))

    def value(kernel, x):
        y = module.apply({"params": {"kernel": kernel}}, x)
        return jnp.sum(jnp.float32(weights.transpose(0, 2, 3, 1)) * y), y

    (of_kernel, of_x), y = jax.jit(jax.grad(value, argnums=(0, 1), has_aux=True))(kernel, x)
    for ours, theirs in (
        (y, expected.detach().movedim(1, -1)),
        (of_x, images.grad.movedim(1, -1)),
        (of_kernel, weight.grad.permute(2, 3, 1, 0)),
    ):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * float(theirs.abs().max()))


def draw(*shapes):
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


@pytest.mark.parametrize(
    ("size", "padding", "stride", "sides"), [(3, 1, 1, (4, 8)), (7, 3, 1, (4, 6)), (3, 2, 2, (5, 6))]
)
def test_a_convolution_may_pad_by_reflection(size, padding, stride, sides):
    kernel, x = draw((size, size, 2, 3), (2, *sides, 2))

    def reference(images, weight):
        F = pytest.importorskip("torch").nn.functional
        return F.conv2d(F.pad(images, (padding,) * 4, mode="reflect"), weight, stride=stride)

    agree(Conv(3, size, stride, padding, reflect=True, use_bias=False), kernel, x, reference)


@pytest.mark.parametrize(
    ("size", "stride", "padding", "more"), [(3, 2, 1, 1), (5, 3, 2, 2), (4, 2, 1, 0), (3, 2, 1, 0)]
)
@pytest.mark.parametrize("channels", [2, 20])
def test_a_transposed_convolution_may_return_more_rows_and_columns(size, stride, padding, more, channels):
    kernel, x = draw((size, size, channels, 3), (2, 6, 7, 3))
    module = ConvTranspose(channels, size, stride, padding, more, use_bias=False)

    def reference(images, weight):
        F = pytest.importorskip("torch").nn.functional
        return F.conv_transpose2d(images, weight, stride=stride, padding=padding, output_padding=more)

    agree(module, kernel, x, reference)
    shape = module.apply({"params": {"kernel": kernel}}, x).shape
    assert shape[1:3] == tuple((side - 1) * stride + size - 2 * padding + more for side in (6, 7))


def test_they_compute_in_bfloat16():
    kernel, x = draw((3, 3, 2, 2), (1, 4, 4, 2))
    for module in (Conv(2, 3, 1, 1, reflect=True, use_bias=False), ConvTranspose(2, 3, 2, 1, 1, use_bias=False)):
        with computing("bfloat16"):
            assert module.apply({"params": {"kernel": kernel}}, x).dtype == jnp.bfloat16
