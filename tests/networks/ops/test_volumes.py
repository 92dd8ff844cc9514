"""Convolutions of volumes (N, D, H, W, C): each lowering against XLA's and PyTorch's, with second gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from gan_jax.networks.layers import Conv, ConvTranspose
from gan_jax.networks.ops import conv, conv_transpose, lowerings
from gan_jax.networks.ops.convolution import choose

# (depth, height, width), (depth, height and width of the kernel), stride, padding
CASES = [
    ((6, 5, 7), (3, 3, 3), 1, 1),
    ((6, 8, 10), (4, 4, 4), 2, 1),
    ((5, 7, 6), (3, 2, 4), 2, 1),
    ((4, 3, 4), (4, 3, 4), 1, 0),
    ((7, 6, 8), (3, 3, 3), 3, 0),
]


def draw(case):
    """A volume, a kernel and an output, 3 channels to 4."""
    sides, sizes, stride, padding = case
    rng = np.random.default_rng([*sides, *sizes, stride, padding])
    after = ((side + 2 * padding - size) // stride + 1 for side, size in zip(sides, sizes, strict=True))
    shapes = (2, *sides, 3), (*sizes, 3, 4), (2, *after, 4)
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


def applying(case):
    sides, sizes, stride, padding = case
    names = ["native", "patches", "folded", "folded_patches", "slices"]
    names += ["dense"] if sides == sizes and not padding else []
    return names + (["phases"] if 1 < stride <= min(sizes) else [])


def assert_close(actual, expected):
    for a, b in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=2e-5 * np.abs(b).max())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_all_lowerings_agree_with_lax(case):
    sides, sizes, stride, padding = case
    x, kernel, y = draw(case)

    def native(x, kernel):
        layout = ("NDHWC", "DHWIO", "NDHWC")
        pads = [(padding, padding)] * 3
        return lax.conv_general_dilated(x, kernel, (stride,) * 3, pads, dimension_numbers=layout)

    @jax.jit
    def evaluate(x, kernel, y):
        value, pull_back = jax.vjp(native, x, kernel)
        made = []
        for name in applying(case):
            ways = getattr(lowerings, name)
            image = ways.image(y, kernel, stride, padding, sides)
            made.append((ways.conv(x, kernel, stride, padding), image, ways.kernel(x, y, stride, padding, sizes)))
        return (value, *pull_back(y)), made

    expected, made = evaluate(x, kernel, y)
    for results in made:
        assert_close(results, expected)


@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("case", CASES[:4], ids=str)
def test_the_gradients_of_a_gradient_penalty_agree_with_pytorch(case, transpose):
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    *_, stride, padding = case
    x, kernel, y = draw(case)
    given, ours = (y, conv_transpose) if transpose else (x, conv)
    theirs = torch.nn.functional.conv_transpose3d if transpose else torch.nn.functional.conv3d

    def scalar(x, kernel):
        return jnp.sum(jnp.sin(ours(x, kernel, stride, padding)))

    def penalty(x, kernel):
        return jnp.sum(jax.grad(scalar)(x, kernel) ** 2)

    found = jax.jit(lambda *pair: (ours(*pair, stride, padding), jax.grad(penalty, (0, 1))(*pair)))(given, kernel)

    their_x = torch.tensor(given.transpose(0, 4, 1, 2, 3), requires_grad=True)
    weight = torch.tensor(kernel.transpose(4, 3, 0, 1, 2), requires_grad=True)
    value = theirs(their_x, weight, stride=stride, padding=padding)
    (first,) = torch.autograd.grad(value.sin().sum(), their_x, create_graph=True)
    of_x, of_weight = (each.numpy() for each in torch.autograd.grad((first**2).sum(), (their_x, weight)))
    expected = value.detach().numpy().transpose(0, 2, 3, 4, 1)
    assert_close(found, (expected, (of_x.transpose(0, 2, 3, 4, 1), of_weight.transpose(2, 3, 4, 1, 0))))


def test_strided_volumes_are_not_left_to_xla_on_cpu():
    assert choose((8, 16, 16, 16, 16), (4, 4, 4, 16, 32), 2, 1) == lowerings.slices
    assert choose((8, 4, 4, 4, 64), (4, 4, 4, 64, 1), 1, 0) == lowerings.dense


def test_layers_take_volumes_with_cubic_kernels():
    x = jnp.ones((2, 6, 8, 4, 3))
    down, back = Conv(5, kernel_size=4, stride=2, padding=1), ConvTranspose(3, kernel_size=4, stride=2, padding=1)
    y, params = down.init_with_output(jax.random.key(0), x)
    assert y.shape == (2, 3, 4, 2, 5)
    assert params["params"]["kernel"].shape == (4, 4, 4, 3, 5)
    assert back.init_with_output(jax.random.key(0), y)[0].shape == x.shape
    mirrored = Conv(5, kernel_size=3, padding=1, reflect=True)
    constant, _ = mirrored.init_with_output(jax.random.key(0), x)
    # A constant volume stays constant up to its border, which zeros would not leave.
    np.testing.assert_allclose(constant, jnp.broadcast_to(constant[:, :1, :1, :1], constant.shape), rtol=1e-4)
