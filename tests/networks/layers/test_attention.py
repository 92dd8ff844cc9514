"""Self-attention against PyTorch."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.networks.layers import PooledSelfAttention, SelfAttention, SpectralNorm
from gan_jax.networks.ops import computing


def drawn(build=SelfAttention, side=3):
    x = jax.random.normal(jax.random.key(0), (2, side, 4, 16))
    params = build().init(jax.random.key(1), x)["params"]
    return x, params


def test_starts_as_the_identity():
    x, params = drawn()
    np.testing.assert_array_equal(SelfAttention().apply({"params": params}, x), x)
    assert params["f"]["kernel"].shape == params["g"]["kernel"].shape == params["h"]["kernel"].shape == (1, 1, 16, 2)
    assert params["v"]["kernel"].shape == (1, 1, 2, 16)


@pytest.mark.parametrize(("build", "side"), [(SelfAttention, 3), (PooledSelfAttention, 6)])
def test_values_and_gradients_are_those_of_the_formula_in_pytorch(build, side):
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    x, params = drawn(build, side)
    params = {**params, "gamma": jnp.asarray(0.7)}
    weights = np.random.default_rng(0).normal(size=x.shape)

    given = {name: params[name]["kernel"] for name in "fghv"} | {"gamma": params["gamma"], "x": x}
    t = {name: torch.tensor(np.float64(a), requires_grad=True) for name, a in given.items()}
    f, g, h = ((t["x"] @ t[name][0, 0]).permute(0, 3, 1, 2) for name in "fgh")
    if build is PooledSelfAttention:
        f, h = (torch.nn.functional.max_pool2d(y, 2) for y in (f, h))
    queries, keys, values = (y.flatten(2).mT for y in (g, f, h))
    # Of place j to place i: [:, j, i].
    attended = torch.nn.functional.scaled_dot_product_attention(queries, keys, values, scale=1.0)
    expected = t["gamma"] * (attended @ t["v"][0, 0]).reshape(x.shape) + t["x"]
    (expected * torch.tensor(weights)).sum().backward()

    def value(params, x):
        y = build().apply({"params": params}, x)
        return jnp.sum(jnp.float32(weights) * y), y

    (of_params, of_x), y = jax.jit(jax.grad(value, argnums=(0, 1), has_aux=True))(params, x)
    ours = {name: of_params[name]["kernel"] for name in "fghv"} | {"gamma": of_params["gamma"], "x": of_x}
    np.testing.assert_allclose(y, expected.detach(), rtol=0, atol=1e-5)
    for name, gradient in ours.items():
        theirs = t[name].grad.numpy()
        np.testing.assert_allclose(gradient, theirs, rtol=0, atol=1e-5 * np.abs(theirs).max(), err_msg=name)


def test_is_normalized_computed_in_bfloat16_and_mapped_over_members():
    x, _ = drawn()
    module = SelfAttention(partial(SpectralNorm, True))
    variables = module.init(jax.random.key(1), x)
    assert set(variables["spectral"]) == set("fghv")
    variables["params"]["gamma"] = jnp.asarray(1.0)
    y, changed = module.apply(variables, x, mutable=["spectral"])
    assert jax.tree.structure(changed["spectral"]) == jax.tree.structure(variables["spectral"])
    members = jax.tree.map(lambda x: jnp.stack([x, x]), variables)
    mapped = jax.vmap(lambda v: module.apply(v, x, mutable=["spectral"])[0])(members)
    np.testing.assert_allclose(mapped[1], y, rtol=1e-5, atol=1e-5)
    with computing("bfloat16"):
        low, _ = module.apply(variables, x, mutable=["spectral"])
    assert low.dtype == jnp.bfloat16
    assert 0 < np.abs(np.float32(low) - y).max() < 0.05 * np.abs(y).max()


def test_the_pooled_form_starts_as_the_identity_with_more_values_and_needs_even_sides():
    x, params = drawn(PooledSelfAttention, 6)
    np.testing.assert_array_equal(PooledSelfAttention().apply({"params": params}, x), x)
    assert params["h"]["kernel"].shape == (1, 1, 16, 8)
    with pytest.raises(ValueError, match="even sides, not 3x4"):
        PooledSelfAttention().init(jax.random.key(1), x[:, :3])
