"""What layers draw: how it is distributed, that it is every example's own, and that evaluation is free of it."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax.common.parallel import AXIS
from gan_jax.networks.layers import Dropout, GaussianNoise
from gan_jax.networks.ops import computing

LAYERS = {"noise": lambda train: GaussianNoise(0.5, train), "dropout": lambda train: Dropout(0.3, train)}


def drawn(module, x, key=0, variables=None):
    return module.apply(variables or {}, x, rngs={"noise": jax.random.key(key)})


def test_noise_is_normal_with_the_deviation_given():
    x = jnp.full((50, 20, 20), 2.0)
    noise = np.asarray(drawn(GaussianNoise(0.5, True), x) - x).ravel()
    assert abs(noise.mean()) < 5 * 0.5 / np.sqrt(noise.size)
    assert noise.std() == pytest.approx(0.5, rel=5 / np.sqrt(2 * noise.size))
    assert np.mean(np.abs(noise) > 1) == pytest.approx(0.0455, abs=0.01)


def test_dropout_drops_its_share_and_keeps_the_mean():
    x = jnp.full((50, 400), 2.0)
    y = np.asarray(drawn(Dropout(0.3, True), x))
    dropped = y == 0
    assert dropped.mean() == pytest.approx(0.3, abs=0.02)
    np.testing.assert_allclose(y[~dropped], 2 / 0.7, rtol=1e-6)
    gradient = jax.grad(lambda x: jnp.sum(drawn(Dropout(0.3, True), x)))(x)
    np.testing.assert_allclose(gradient, np.where(dropped, 0, 1 / 0.7), rtol=1e-6)


@pytest.mark.parametrize("name", LAYERS)
def test_evaluation_is_free_of_noise_and_needs_no_key(name):
    x = jnp.ones((4, 3))
    np.testing.assert_array_equal(LAYERS[name](False).apply({}, x), x)


@pytest.mark.parametrize("name", LAYERS)
def test_each_example_draws_its_own_whatever_the_number_of_devices(name):
    x = jnp.ones((8, 5))
    one = drawn(LAYERS[name](True), x)
    assert len(np.unique(np.asarray(one), axis=0)) > 4
    four = jax.vmap(lambda x: drawn(LAYERS[name](True), x), axis_name=AXIS)(x.reshape(4, 2, 5))
    np.testing.assert_array_equal(four.reshape(8, 5), one)
    assert not np.array_equal(drawn(LAYERS[name](True), x, key=1), one)


@pytest.mark.parametrize("name", LAYERS)
def test_a_population_draws_for_each_member_from_its_key(name):
    x = jnp.ones((4, 5))
    keys = jax.random.split(jax.random.key(0), 2)
    members = jax.vmap(lambda key: LAYERS[name](True).apply({}, x, rngs={"noise": key}))(keys)
    for member, key in zip(members, keys, strict=True):
        np.testing.assert_array_equal(member, LAYERS[name](True).apply({}, x, rngs={"noise": key}))


def test_the_deviation_may_be_a_members_own():
    x = jnp.zeros((4, 5))
    members = jax.vmap(lambda stddev: drawn(GaussianNoise(stddev, True), x))(jnp.array([1.0, 3.0]))
    np.testing.assert_allclose(members[1], 3 * members[0], rtol=1e-6)


def test_a_schedule_follows_the_number_of_training_passes():
    module = GaussianNoise(optax.linear_schedule(1.0, 0.0, 4), True)
    x = jnp.zeros((3, 2))
    variables = module.init(jax.random.key(0), x)
    assert variables == {"passes": {"count": 0}}
    sizes, first = [], None
    for _ in range(6):
        y, variables = module.apply(variables, x, rngs={"noise": jax.random.key(1)}, mutable=["passes"])
        first = y if first is None else first
        sizes.append(float(jnp.linalg.norm(y) / jnp.linalg.norm(first)))
    np.testing.assert_allclose(sizes, [1, 0.75, 0.5, 0.25, 0, 0], atol=1e-6)
    assert variables["passes"]["count"] == 6
    _, after = GaussianNoise(module.stddev, False).apply(variables, x, mutable=["passes"])
    assert after == variables  # evaluation does not count


def test_bad_hyperparameters_are_refused():
    with pytest.raises(ValueError, match="stddev of noise must be at least 0, not -1"):
        GaussianNoise(-1.0, True).apply({}, jnp.ones((1, 1)))
    with pytest.raises(ValueError, match=r"rate of dropout must be a probability in \[0, 1\], not 1.5"):
        Dropout(1.5, False).apply({}, jnp.ones((1, 1)))


@pytest.mark.parametrize("name", LAYERS)
def test_bfloat16_stays_bfloat16(name):
    with computing("bfloat16"):
        assert drawn(LAYERS[name](True), jnp.ones((2, 3), jnp.bfloat16)).dtype == jnp.bfloat16
