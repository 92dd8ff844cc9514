"""Batch normalization, in both ways to sum, against Flax's: values, gradients and running statistics."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.networks import normalization, places


def evaluated(module, x, weights, **call):
    variables = module.init(jax.random.key(0), x, **call)
    params = {"scale": jnp.linspace(0.5, 2, x.shape[-1]), "bias": jnp.linspace(-1, 1, x.shape[-1])}
    variables = {**variables, "params": params}

    def value(params, x):
        y, changed = module.apply({**variables, "params": params}, x, mutable=["batch_stats"], **call)
        return jnp.sum(weights * jnp.sin(y)), (y, changed["batch_stats"])

    (_, (y, statistics)), gradients = jax.jit(jax.value_and_grad(value, argnums=(0, 1), has_aux=True))(params, x)
    return y, statistics, gradients


@pytest.mark.parametrize("large", [0, 2**40], ids=["products", "reductions"])
@pytest.mark.parametrize("train", [True, False])
def test_batch_normalization_is_that_of_flax(large, train, monkeypatch):
    monkeypatch.setattr(places, "_LARGE", large)
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(2, 3, size=(6, 5, 4, 7)), jnp.float32)
    weights = jnp.asarray(rng.normal(size=x.shape), jnp.float32)
    ours = evaluated(normalization.BatchNorm(train=train), x, weights)
    flax = evaluated(nn.BatchNorm(use_running_average=not train, momentum=0.9), x, weights)
    assert not np.allclose(ours[0], x)

    def close(a, b):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-5 * float(jnp.abs(b).max()))

    jax.tree.map(close, ours, flax)


def test_the_choice_of_sums_is_made_by_size(monkeypatch):
    def products(size):
        x = jnp.zeros((size // 4, 4))
        return str(jax.make_jaxpr(lambda x: places.mean(x))(x)).count("dot_general")  # new: traces are kept

    assert [products(places._LARGE // 2), products(places._LARGE)] == [0, 1]
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert products(places._LARGE) == 0
