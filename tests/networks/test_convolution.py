"""Both lowerings of the convolutions against XLA's operations and PyTorch: values, gradients, second derivatives."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from gan_jax.networks import convolution
from gan_jax.networks.convolution import conv, conv_transpose

# Compiling is what takes the time here.
jit = partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})

LOWERINGS = {"native": convolution._native, "patches": convolution._patches}

# (size, kernel, stride, padding).
CASES = [(5, 2, 1, 0), (6, 3, 1, 1), (6, 2, 2, 0), (7, 3, 2, 1), (8, 4, 2, 1), (9, 5, 2, 2)]
# (size + 2 padding - kernel) is odd: a last row that no window reaches. No image that `conv_transpose` makes has one.
UNEVEN = [(7, 4, 2, 1)]


def draw(case, transpose):
    """An input and a kernel (k, k, 3, 4); the sides of the image differ by the stride, so that rows are not columns."""
    size, k, stride, padding = case
    rng = np.random.default_rng(case)
    kernel = rng.normal(size=(k, k, 3, 4)).astype(np.float32)
    sides, channels = (size, size + stride), 3
    if transpose:
        sides, channels = [(side + 2 * padding - k) // stride + 1 for side in sides], 4
    return rng.normal(size=(2, *sides, channels)).astype(np.float32), kernel


def everything(function):
    """(x, kernel) -> the value, its gradients, and those of a gradient penalty."""

    def scalar(x, kernel):
        return jnp.sum(jnp.sin(function(x, kernel)))

    def penalty(x, kernel):
        return jnp.sum(jax.grad(scalar)(x, kernel) ** 2)

    def evaluate(x, kernel):
        gradients = [jax.grad(f, argnums=(0, 1))(x, kernel) for f in (scalar, penalty)]
        return function(x, kernel), *gradients

    return jit(evaluate)


def lax_conv(stride, padding):
    def function(x, kernel):
        return lax.conv_general_dilated(
            x, kernel, (stride, stride), [(padding, padding)] * 2, dimension_numbers=("NHWC", "HWIO", "NHWC")
        )

    return function


def lax_conv_transpose(stride, padding):
    def function(x, kernel):
        border = kernel.shape[0] - 1 - padding
        return lax.conv_transpose(
            x,
            kernel,
            (stride, stride),
            [(border, border)] * 2,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            transpose_kernel=True,
        )

    return function


def torch_everything(case, transpose, x, kernel):
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    _, _, stride, padding = case
    x = torch.tensor(x.transpose(0, 3, 1, 2), requires_grad=True)
    weight = torch.tensor(kernel.transpose(3, 2, 0, 1), requires_grad=True)
    operation = torch.nn.functional.conv_transpose2d if transpose else torch.nn.functional.conv2d
    value = operation(x, weight, stride=stride, padding=padding)
    gradients = torch.autograd.grad(value.sin().sum(), (x, weight), create_graph=True)
    second = torch.autograd.grad((gradients[0] ** 2).sum(), (x, weight))

    def ours(pair):
        return pair[0].detach().numpy().transpose(0, 2, 3, 1), pair[1].detach().numpy().transpose(2, 3, 1, 0)

    return value.detach().numpy().transpose(0, 2, 3, 1), ours(gradients), ours(second)


def assert_close(actual, expected):
    def close(a, b):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-5 * np.abs(b).max())

    jax.tree.map(close, actual, expected)


@pytest.fixture(scope="module")
def lowered():
    """`everything` of a case by "lax" and by both lowerings, each compiled once."""
    computed = {}

    def compute(case, transpose):
        if (case, transpose) not in computed:
            _, _, stride, padding = case
            theirs, mine = (lax_conv_transpose, conv_transpose) if transpose else (lax_conv, conv)
            x, kernel = draw(case, transpose)
            results = {"lax": everything(theirs(stride, padding))(x, kernel)}
            for name, lowering in LOWERINGS.items():
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(convolution, "_lowering", lambda shape, chosen=lowering: chosen)
                    results[name] = everything(lambda x, kernel: mine(x, kernel, stride, padding))(x, kernel)
            computed[case, transpose] = results
        return computed[case, transpose]

    return compute


WHICH = [pytest.param(case, False, id=f"conv-{case}") for case in CASES + UNEVEN]
WHICH += [pytest.param(case, True, id=f"conv_transpose-{case}") for case in CASES]


@pytest.mark.parametrize(("case", "transpose"), WHICH)
def test_agrees_with_lax(case, transpose, lowered):
    results = lowered(case, transpose)
    for lowering in LOWERINGS:
        assert_close(results[lowering], results["lax"])


@pytest.mark.parametrize(("case", "transpose"), WHICH)
def test_agrees_with_pytorch(case, transpose, lowered):
    expected = torch_everything(case, transpose, *draw(case, transpose))
    for lowering in LOWERINGS:
        assert_close(lowered(case, transpose)[lowering], expected)


@pytest.mark.parametrize("lowering", LOWERINGS)
def test_conv_transpose_is_the_linear_transpose_of_conv(lowering, monkeypatch):
    monkeypatch.setattr(convolution, "_lowering", lambda shape: LOWERINGS[lowering])
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 8, 8, 3)), rng.normal(size=(2, 4, 4, 5))
    kernel = rng.normal(size=(4, 4, 3, 5)).astype(np.float32)
    left = np.sum(jit(lambda x: conv(x, kernel, 2, 1))(jnp.float32(x)) * y)
    right = np.sum(x * jit(lambda y: conv_transpose(y, kernel, 2, 1))(jnp.float32(y)))
    assert float(left) == pytest.approx(float(right), rel=1e-5)


@pytest.mark.parametrize("lowering", LOWERINGS)
def test_bfloat16_goes_in_and_comes_out(lowering, monkeypatch):
    monkeypatch.setattr(convolution, "_lowering", lambda shape: LOWERINGS[lowering])
    x, kernel = (a.astype(jnp.bfloat16) for a in draw((8, 4, 2, 1), transpose=False))

    def there_and_back(x, kernel):
        return conv_transpose(conv(x, kernel, 2, 1), kernel, 2, 1)

    def with_gradients(x, kernel):
        y, pull_back = jax.vjp(there_and_back, x, kernel)
        return y, pull_back(y)

    y, gradients = jit(with_gradients)(x, kernel)
    exact = jit(there_and_back)(jnp.float32(x), jnp.float32(kernel))
    assert y.dtype == jnp.bfloat16
    assert y.shape == x.shape
    np.testing.assert_allclose(np.float32(y), exact, atol=0.03 * np.abs(exact).max())
    assert [g.dtype for g in gradients] == [jnp.bfloat16] * 2


def test_small_images_on_cpu_are_lowered_to_patches_and_others_are_not(monkeypatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")
    assert convolution._lowering((1, 8, 8, 3)) is convolution._patches
    assert convolution._lowering((1, 16, 16, 3)) is convolution._native
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert convolution._lowering((1, 8, 8, 3)) is convolution._native
