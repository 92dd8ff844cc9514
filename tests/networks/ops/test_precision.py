"""bfloat16 computes what float32 does, less exactly, and leaves the state in float32; remat changes what is kept."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax.game import init_state, train_step
from gan_jax.networks import dcgan, mlp, resnet
from gan_jax.networks.functional import forward
from gan_jax.networks.latents import normal
from gan_jax.networks.ops import cast, computing
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan

pytestmark = pytest.mark.slow

NETWORKS = {
    "dcgan": (dcgan.Generator(16, 3, 8), dcgan.Discriminator(8), (16, 16, 3)),
    "resnet": (resnet.Generator(8, 3, 16), resnet.Discriminator(16), (8, 8, 3)),
    "mlp": (mlp.Generator(2, (32, 32)), mlp.Discriminator((32, 32)), (2,)),
}


@cache
def played(name, **how):
    """The state after one step of SGD, which keeps gradients in proportion, and the metrics."""
    generator, discriminator, shape = NETWORKS[name]
    sgd = optax.sgd(1e-2)
    game = gan(generator, discriminator, non_saturating, sgd, sgd, latent=normal(8))
    state = init_state(game, jax.random.key(0))
    batch = {"image": jax.random.normal(jax.random.key(1), (32, *shape))}

    def step(state):
        with computing(**how):
            return train_step(game, state, batch)

    after, metrics = jax.jit(step)(state)
    moved = jax.tree.map(lambda a, b: b - a, state.params, after.params)
    return moved, after, metrics


@pytest.mark.parametrize("name", NETWORKS)
def test_bfloat16_takes_nearly_the_same_step_and_keeps_float32(name):
    (moved, _, metrics), (moved_low, after, metrics_low) = played(name), played(name, dtype="bfloat16")
    assert {x.dtype for x in jax.tree.leaves((after.params, after.variables, metrics_low))} == {jnp.dtype("float32")}
    # A share of 32 images: one or two of them may lie on the other side.
    np.testing.assert_allclose(metrics_low["accuracy_real"], metrics["accuracy_real"], rtol=0, atol=2.5 / 32)
    for key in metrics.keys() - {"accuracy_real"}:
        value = metrics[key]
        assert metrics_low[key] != value, key  # it did compute otherwise
        # A gradient passes twice as many products as a loss.
        np.testing.assert_allclose(metrics_low[key], value, rtol=5e-2 if "gradient" in key else 2e-2, err_msg=key)
    for player in moved:
        a, b = (np.concatenate([x.ravel() for x in jax.tree.leaves(tree[player])]) for tree in (moved, moved_low))
        # bfloat16 has 8 bits: each product is off by up to 0.4%, and a step is a chain of a dozen.
        assert np.linalg.norm(b - a) < 0.25 * np.linalg.norm(a)
        assert np.linalg.norm(a) > 0


def test_bfloat16_reaches_the_convolutions():
    generator, _, _ = NETWORKS["dcgan"]
    variables = generator.init(jax.random.key(0), jnp.zeros((1, 8)), train=True)

    def traced():
        # A new function each time: what was traced once is kept with the type that it was traced in.
        return str(jax.make_jaxpr(lambda z: generator.apply(variables, z, train=False))(jnp.zeros((2, 8))))

    with computing("bfloat16"):
        assert traced().count("bf16[2,16,16,3] = conv_image") == 1
    assert "bf16" not in traced()


def test_the_type_is_chosen_inside_the_context_alone():
    x = jnp.ones(3)
    with computing("bfloat16"):
        assert cast(x)[0].dtype == jnp.bfloat16
        with computing():
            assert cast(x)[0].dtype == jnp.float32
        assert cast(x)[0].dtype == jnp.bfloat16
    assert cast(x)[0].dtype == jnp.float32


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_remat_keeps_little_more_than_the_convolutions(player):
    network = NETWORKS["dcgan"][player == "discriminator"]
    inputs = jnp.zeros((64, 8)) if player == "generator" else jnp.zeros((64, 16, 16, 3))
    variables = network.init(jax.random.key(0), inputs, train=True)
    params = variables.pop("params")

    def kept(**how):
        """The bytes that the backward pass finds, beside the parameters and inputs that are there anyway."""
        with computing(**how):
            pull_back = jax.eval_shape(
                lambda p: jax.vjp(lambda p: forward(network, p, variables, inputs), p)[1], params
            )
        return sum(x.size * x.dtype.itemsize for x in jax.tree.leaves(pull_back))

    assert kept(remat=True) < 0.7 * kept()


@pytest.mark.parametrize("name", ["dcgan", "resnet"])
def test_remat_computes_the_same(name):
    (moved, _, metrics), (moved_again, _, metrics_again) = played(name), played(name, remat=True)
    # What parameters close to 1 moved by is rounded to 1e-7.
    jax.tree.map(lambda a, b: np.testing.assert_allclose(b, a, rtol=1e-4, atol=5e-7), moved, moved_again)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(b, a, rtol=1e-5), metrics, metrics_again)
