"""Grouped convolution against PyTorch's: values, gradients, and gradients of gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.networks.ops import grouped_conv


# (channels, features, groups, size): many small groups, groups larger than those that are put together, and one group.
@pytest.mark.parametrize(
    ("channels", "features", "groups", "size"),
    [(48, 96, 6, 3), (12, 6, 3, 1), (80, 80, 2, 3), (4, 6, 1, 5), (9, 9, 9, 3)],
)
def test_values_and_two_orders_of_gradients_are_those_of_pytorch(channels, features, groups, size):
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 5, 6, channels)).astype(np.float32)
    kernel = rng.normal(size=(size, size, channels // groups, features)).astype(np.float32)
    weights = rng.normal(size=(2, 5, 6, features)).astype(np.float32)

    tx, tk = (torch.tensor(np.float64(a), requires_grad=True) for a in (x, kernel))
    y = torch.nn.functional.conv2d(tx.permute(0, 3, 1, 2), tk.permute(3, 2, 0, 1), padding=size // 2, groups=groups)
    y = y.permute(0, 2, 3, 1)
    (slope,) = torch.autograd.grad((torch.tanh(y) * torch.tensor(np.float64(weights))).sum(), tx, create_graph=True)
    (y.square().sum() + slope.square().sum()).backward()

    def value(x, kernel):
        slope = jax.grad(lambda x: jnp.sum(jnp.tanh(grouped_conv(x, kernel, groups)) * weights))(x)
        return jnp.sum(grouped_conv(x, kernel, groups) ** 2) + jnp.sum(slope**2)

    found = (grouped_conv(x, kernel, groups), *jax.jit(jax.grad(value, (0, 1)))(x, kernel))
    for ours, theirs in zip(found, (y.detach(), tx.grad, tk.grad), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-5 * theirs.abs().max().item())


def test_members_of_a_population_have_their_own_kernels():
    rng = np.random.default_rng(0)
    x, kernels = rng.normal(size=(3, 2, 4, 4, 8)), rng.normal(size=(3, 3, 3, 4, 8))
    together = jax.vmap(lambda x, kernel: grouped_conv(x, kernel, 2))(jnp.float32(x), jnp.float32(kernels))
    for ours, *one in zip(together, jnp.float32(x), jnp.float32(kernels), strict=True):
        np.testing.assert_allclose(ours, grouped_conv(*one, 2), rtol=0, atol=1e-4)
