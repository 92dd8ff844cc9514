"""The restricted Boltzmann machine, so small that all of its states can be listed."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax.common.parallel import AXIS
from gan_jax.game import init_state, networks, train_step
from gan_jax.networks.rbm import RestrictedBoltzmannMachine
from gan_jax.recipes import rbm

VISIBLE, HIDDEN = 4, 3
NETWORK = RestrictedBoltzmannMachine(VISIBLE, HIDDEN)
STATES = np.array(list(product([0, 1], repeat=VISIBLE)), np.float32)


@pytest.fixture(scope="module")
def params():
    rng = np.random.default_rng(0)
    shapes = {"weights": (VISIBLE, HIDDEN), "visible_bias": (VISIBLE,), "hidden_bias": (HIDDEN,)}
    return {name: jnp.asarray(rng.normal(size=shape), jnp.float32) for name, shape in shapes.items()}


def energies(params):
    """E(v, h) of all v and h in float64."""
    w, b, c = (np.float64(params[name]) for name in ("weights", "visible_bias", "hidden_bias"))
    hidden = np.array(list(product([0, 1], repeat=HIDDEN)))
    return -(STATES @ w @ hidden.T) - (STATES @ b)[:, None] - hidden @ c


def distribution(params):
    """p(v), exactly."""
    weights = np.exp(-energies(params)).sum(1)
    return weights / weights.sum()


def test_the_free_energy_sums_out_what_is_hidden(params):
    found = NETWORK.apply({"params": params}, STATES)
    np.testing.assert_allclose(found, -np.log(np.exp(-energies(params)).sum(1)), rtol=1e-5)


def game(rate=0.1, **options):
    return rbm(NETWORK, (2, 2, 1), optax.sgd(rate), **options)


def test_samples_are_those_of_the_distribution(params):
    played = game(sample_steps=60)
    latents = played.latents(jax.random.key(0), 20_000)
    probabilities = (played.sample({"machine": {"params": params}}, latents).reshape(-1, VISIBLE) + 1) / 2
    # The mean over chains of the probability of each state is its own.
    each = np.prod(np.where(STATES[None] > 0, probabilities[:, None], 1 - probabilities[:, None]), -1)
    np.testing.assert_allclose(each.mean(0), distribution(params), atol=0.01)
    again = played.sample({"machine": {"params": params}}, latents[5:7])
    np.testing.assert_allclose(
        again.reshape(2, VISIBLE), 2 * probabilities[5:7] - 1, atol=1e-6
    )  # whatever is beside it


def test_the_gradient_is_that_of_the_likelihood_if_chains_are_samples(params):
    """With chains at equilibrium: minus the expectation over the data, plus that over the model."""
    played = game(chains=40_000, chain_steps=30)
    state = init_state(played, jax.random.key(0)).replace(params={"machine": params})
    images = 2 * STATES[[3, 5, 5, 12]].reshape(-1, 2, 2, 1) - 1

    def loss(own):
        return played.players[0].objective({"machine": own}, state, {"image": images}, jax.random.key(1))[0]

    def likelihood(own):
        free = NETWORK.apply({"params": own}, STATES)
        return jnp.mean(NETWORK.apply({"params": own}, STATES[jnp.array([3, 5, 5, 12])])) + jax.nn.logsumexp(-free)

    for found, expected in zip(*(jax.tree.leaves(jax.grad(f)(params)) for f in (loss, likelihood)), strict=True):
        np.testing.assert_allclose(found, expected, atol=0.02)


def test_it_learns_a_distribution():
    shares = np.full(16, 0.01)
    shares[[3, 5, 9]] = 0.29
    shares[0] += 1 - shares.sum()
    played = game(0.2)
    state = init_state(played, jax.random.key(0))
    start = state.memory["chains"]
    step = jax.jit(lambda state, batch: train_step(played, state, batch))
    rng, before = np.random.default_rng(0), distribution(state.params["machine"])
    for _ in range(3000):
        rows = rng.choice(16, 64, p=shares)
        state, metrics = step(state, {"image": 2 * STATES[rows].reshape(-1, 2, 2, 1) - 1})
    after = distribution(state.params["machine"])
    divergences = [np.sum(shares * np.log(shares / each)) for each in (before, after)]
    assert divergences[1] < 0.2 < 1 < divergences[0]  # three hidden values hold most of it
    assert np.any(state.memory["chains"] != start)
    assert np.isfinite(metrics["machine_loss"])
    assert played.sample(networks(state), played.latents(jax.random.key(1), 2)).shape == (2, 2, 2, 1)


def test_devices_keep_the_same_chains_and_the_mean_gradient():
    played = game(chains=8)
    state = init_state(played, jax.random.key(0))
    images = np.random.default_rng(0).uniform(-1, 1, (1, 4, 2, 2, 1)).astype(np.float32)
    alone, _ = train_step(played, state, {"image": images[0]})
    many = jax.pmap(lambda batch: train_step(played, state, {"image": batch})[0].params, axis_name=AXIS)(images)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a[0], b, atol=1e-6), many, alone.params)


def test_wrong_sizes_and_numbers_are_refused():
    with pytest.raises(ValueError, match="an example has 9 values, and the machine 4"):
        rbm(NETWORK, (3, 3, 1), optax.sgd(1.0))
    with pytest.raises(ValueError, match="chains must be at least 1"):
        game(chains=0)
