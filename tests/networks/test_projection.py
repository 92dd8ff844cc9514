"""The head of the projection discriminator against PyTorch, with the spectral norms of a singular value decomposition.

What comes before the head, and single steps of power iteration, are in `test_resnet.py`.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.networks import resnet
from gan_jax.networks.functional import features, forward

pytestmark = pytest.mark.slow

CLASSES = 5


def converged(module, params, variables, *inputs):
    """The variables after so many passes that the power iteration has found the spectral norms."""
    step = jax.jit(partial(forward, module))
    for _ in range(300):
        _, variables = step(params, variables, *inputs)
    return variables


def test_logits_are_the_linear_layers_and_the_product_with_the_embedding_of_the_class():
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    module = resnet.Discriminator(6, outputs=3, classes=CLASSES)
    images = jax.random.uniform(jax.random.key(0), (4, 8, 8, 3), minval=-1)
    labels = jnp.array([0, 4, 1, 4])
    variables = jax.jit(lambda: module.init(jax.random.key(1), images, labels, train=True))()
    params = variables.pop("params")
    params["Dense_0"]["bias"] = jnp.array([0.3, -0.2, 0.1])
    variables = converged(module, params, variables, images, labels)
    weights = np.random.default_rng(0).normal(size=(4, 3))

    def value(params):
        y, _ = forward(module, params, variables, images, labels)
        return jnp.sum(jnp.float32(weights) * y), y

    gradients, y = jax.jit(jax.grad(value, has_aux=True))(params)

    given = {**params["Dense_0"], **params["_Projection_0"]}
    t = {name: torch.tensor(np.float64(x), requires_grad=True) for name, x in given.items()}
    phi = torch.tensor(np.float64(features(module, params, variables, images, labels)))
    linear, table = (t[name] / torch.linalg.matrix_norm(t[name], 2) for name in ("kernel", "embedding"))
    products = (torch.nn.functional.embedding(torch.tensor(np.array(labels)), table) * phi).sum(1)
    expected = phi @ linear + t["bias"] + torch.nn.functional.pad(products[:, None], (0, 2))
    expected.backward(torch.tensor(weights))

    np.testing.assert_allclose(y, expected.detach(), rtol=0, atol=1e-5 * expected.abs().max().item())
    for name, ours in {**gradients["Dense_0"], **gradients["_Projection_0"]}.items():
        theirs = t[name].grad.numpy()
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-5 * np.abs(theirs).max(), err_msg=name)
    assert products.abs().min() > 0.01 * expected.abs().max()  # the embedding does matter
