"""Bounds on a VAE's likelihood, against integrals over its one latent on a fine grid, in float64 NumPy."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax.recipes import vae
from gan_jax.recipes.evidence import evidence_bound, importance_bound

WEIGHTS, BIAS = np.array([2.0, -1.5, 1.0, 0.5]), np.array([0.3, 0.2, -0.4, 0.1])
MEANS, LOG_VARIANCES = np.array([0.4, -0.3, 0.2, 0.1]), np.array([-0.2, 0.1, 0.3, -0.1])

# Four values each: three binary images, and three gray ones.
RNG = np.random.default_rng(0)
X = np.concatenate([np.sign(RNG.normal(size=(3, 4))), RNG.uniform(-1, 1, (3, 4))])
IMAGES = X.reshape(-1, 2, 2, 1).astype(np.float32)
MEAN, LOG_VARIANCE = (X @ MEANS)[:, None], (X @ LOG_VARIANCES)[:, None] - 0.5
GRID = np.linspace(-12, 12, 20_001)


class Encoder(nn.Module):
    """q(z|x), which is not the true posterior, so that the bounds differ."""

    @nn.compact
    def __call__(self, images, train):
        x = images.reshape(len(images), -1)
        return jnp.stack([x @ MEANS, x @ LOG_VARIANCES - 0.5], -1)


class Decoder(nn.Module):
    @nn.compact
    def __call__(self, latents, train):
        return jnp.tanh(latents * WEIGHTS + BIAS).reshape(-1, 2, 2, 1)


GAME, NETWORKS = vae(Encoder(), Decoder(), optax.sgd(1.0), latent_size=1), {"autoencoder": {}}


def log_normal(z, mean=0.0, log_variance=0.0):
    return -0.5 * ((z - mean) ** 2 / np.exp(log_variance) + log_variance + np.log(2 * np.pi))


def log_conditional(z):
    """log p(x|z) of latents (1, G) and all images, (N, G). (tanh(a) + 1) / 2 is the sigmoid of 2 a."""
    logits, share = 2 * (z[..., None] * WEIGHTS + BIAS), (X[:, None] + 1) / 2
    return -(share * np.logaddexp(0, -logits) + (1 - share) * np.logaddexp(0, logits)).sum(-1)


def integral(values):
    return values.sum(-1) * (GRID[1] - GRID[0])


LOG_JOINT = log_conditional(GRID[None]) + log_normal(GRID)
LOG_Q = log_normal(GRID, MEAN, LOG_VARIANCE)
LOG_LIKELIHOOD = np.log(integral(np.exp(LOG_JOINT)))
ELBO = integral(np.exp(LOG_Q) * (LOG_JOINT - LOG_Q))


def conditional(z):
    """`log_conditional` of one latent (N, 1) for each image, (N,)."""
    logits, share = 2 * (z * WEIGHTS + BIAS), (X + 1) / 2
    return jnp.sum(share * jax.nn.log_sigmoid(logits) + (1 - share) * jax.nn.log_sigmoid(-logits), -1)


def bound(draws, keys=1):
    """The importance-weighted bounds of `keys` keys, (keys, N)."""
    each = jax.vmap(lambda key: importance_bound(MEAN, LOG_VARIANCE, conditional, key, draws))
    return np.asarray(jax.jit(each)(jax.random.split(jax.random.key(draws), keys)), np.float64)


def test_many_draws_give_the_integral():
    assert np.all(LOG_LIKELIHOOD - ELBO > 0.03)  # or the bounds would not be told apart
    # The estimate has a relative error of about 1 / sqrt(K) = 0.003, in nats.
    np.testing.assert_allclose(bound(100_000)[0], LOG_LIKELIHOOD, atol=0.015)


def test_one_draw_is_the_evidence_bound_on_average():
    found = bound(1, keys=50_000)
    errors = found.std(0) / np.sqrt(len(found))
    np.testing.assert_array_less(np.abs(found.mean(0) - ELBO), 5 * errors + 1e-4)
    assert errors.max() < 0.02


def test_the_evidence_bound_is_its_integral():
    found = evidence_bound(MEAN, LOG_VARIANCE, conditional, jax.random.key(0), 50_000)
    np.testing.assert_allclose(found, ELBO, atol=0.03)


def test_the_bound_grows_with_the_draws_and_stays_below_the_likelihood():
    means = np.stack([bound(draws, keys=20_000).mean(0) for draws in (1, 4, 16)])
    assert np.all(np.diff(means, axis=0) > 0)
    assert np.all(means[-1] < LOG_LIKELIHOOD + 0.005)


def test_the_game_has_both_of_binary_and_of_gray_images():
    key = jax.random.key(3)
    likelihood = jax.jit(GAME.log_likelihood)(NETWORKS, IMAGES, key)
    np.testing.assert_allclose(likelihood, LOG_LIKELIHOOD, atol=0.08)  # 5,000 draws
    elbos = jax.vmap(lambda key: GAME.elbo(NETWORKS, IMAGES, key))(jax.random.split(key, 500))
    np.testing.assert_allclose(elbos.mean(0), ELBO, atol=0.04)  # 500 times 64 draws


def test_probabilities_of_thousands_of_nats_do_not_underflow():
    found = importance_bound(MEAN, LOG_VARIANCE, lambda z: conditional(z) - 5000, jax.random.key(0), 1000)
    assert found == pytest.approx(LOG_LIKELIHOOD - 5000, abs=0.2)


def test_a_binary_image_has_one_log_probability_of_sixteen():
    """The likelihoods of all images of black and white add up to 1."""
    bits = 2 * ((np.arange(16)[:, None] >> np.arange(4)) & 1) - 1.0
    found = GAME.log_likelihood(NETWORKS, bits.reshape(-1, 2, 2, 1).astype(np.float32), jax.random.key(0))
    assert np.exp(found).sum() == pytest.approx(1, abs=0.02)
