import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax.game import clip_weights, constant_then_linear


def test_weights_are_those_of_the_optimizer_cut_to_the_interval():
    limit = 0.01
    optimizer, plain = optax.chain(optax.sgd(0.5), clip_weights(limit)), optax.sgd(0.5)
    rng = np.random.default_rng(0)
    params = {"a": jnp.asarray(rng.normal(0, 0.02, (7, 5)), jnp.float32), "b": {"c": jnp.float32(1)}}
    state, plain_state = optimizer.init(params), plain.init(params)
    for _ in range(4):
        gradients = jax.tree.map(lambda p: jnp.asarray(rng.normal(0, 0.02, p.shape), jnp.float32), params)
        updates, state = optimizer.update(gradients, state, params)
        free, plain_state = plain.update(gradients, plain_state, params)
        expected = jax.tree.map(lambda p, u: np.clip(p + u, -limit, limit), params, free)
        params = optax.apply_updates(params, updates)
        jax.tree.map(lambda p, e: np.testing.assert_allclose(p, e, rtol=1e-6, atol=1e-7), params, expected)
    values = np.abs(params["a"])
    assert 0 < np.mean(values < 0.9 * limit) < 1  # some within, some at the edge
    assert values.max() == pytest.approx(limit)


def test_a_weight_that_starts_far_outside_is_inside_after_one_update():
    clip = clip_weights(0.01)
    params = jnp.array([80.0, -80.0, 0.0])
    updates, _ = clip.update(jnp.zeros(3), clip.init(params), params)
    np.testing.assert_allclose(optax.apply_updates(params, updates), [0.01, -0.01, 0], rtol=1e-3)
    again = optax.apply_updates(params, updates)
    updates, _ = clip.update(jnp.array([0.001, 0.0, 0.02]), (), again)
    np.testing.assert_allclose(optax.apply_updates(again, updates), [0.01, -0.01, 0.01], rtol=1e-6)


def test_the_limit_may_be_traced_and_is_checked_where_it_is_not():
    def clipped(limit):
        clip = clip_weights(limit)
        return clip.update(jnp.float32(1), clip.init(jnp.float32(0)), jnp.float32(0))[0]

    np.testing.assert_allclose(jax.vmap(clipped)(jnp.array([0.1, 0.2, 3.0])), [0.1, 0.2, 1])
    with pytest.raises(ValueError, match=r"limit of the weights must be at least 0, not -0\.01"):
        clip_weights(-0.01)


@pytest.mark.parametrize("steps", [1, 10, 11])
def test_the_rate_stays_for_half_of_the_steps_and_falls_to_zero_in_a_line(steps):
    rates = np.array([constant_then_linear(0.2, steps)(step) for step in range(steps + 3)])
    half = steps // 2
    np.testing.assert_allclose(rates[: half + 1], 0.2, rtol=1e-6)
    np.testing.assert_allclose(rates[half : steps + 1], np.linspace(0.2, 0, steps - half + 1), atol=1e-7)
    assert np.all(rates[steps:] == 0)
