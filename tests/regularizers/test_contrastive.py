"""The contrast of patches against the authors' form in PyTorch: positives apart, and the diagonal masked."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.regularizers import patch_nce


def unit(seed, count=3, places=5, features=4):
    x = np.random.default_rng(seed).normal(size=(count, places, features)).astype(np.float32)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def test_the_loss_and_its_gradient_are_those_of_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    queries, keys = (torch.tensor(unit(seed), requires_grad=True) for seed in (0, 1))
    constants = keys.detach()
    positive = (queries * constants).sum(-1).reshape(-1, 1)
    negative = torch.bmm(queries, constants.transpose(1, 2))
    negative = negative.masked_fill(torch.eye(5, dtype=torch.bool)[None], -10.0).reshape(-1, 5)
    logits = torch.cat([positive, negative], 1) / 0.07
    loss = torch.nn.functional.cross_entropy(logits, torch.zeros(15, dtype=torch.long))
    loss.backward()

    value, (of_queries, of_keys) = jax.value_and_grad(patch_nce, (0, 1))(jnp.asarray(unit(0)), jnp.asarray(unit(1)))
    assert value == pytest.approx(loss.item(), rel=1e-5)
    np.testing.assert_allclose(of_queries, queries.grad.numpy(), rtol=1e-4, atol=1e-6)
    assert not np.any(of_keys)


def test_it_is_zero_for_patches_that_are_their_own_and_log_p_for_patches_that_are_alike():
    apart = np.eye(4, dtype=np.float32)[None]
    assert patch_nce(apart, apart) == pytest.approx(0, abs=1e-4)
    alike = np.ones((2, 8, 4), np.float32) / 2
    assert patch_nce(alike, alike) == pytest.approx(np.log(8), rel=1e-5)
