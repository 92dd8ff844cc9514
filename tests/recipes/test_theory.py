"""What the papers prove of the objectives, where the distributions are known."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy import integrate, stats

from gan_jax.game import gradient, init_state, train_step
from gan_jax.networks import mlp
from gan_jax.networks.latents import normal
from gan_jax.objectives import minimax, minimax_value, non_saturating, wasserstein
from gan_jax.recipes import gan
from gan_jax.regularizers import squared_gradient_norms, stateless

pytestmark = pytest.mark.slow


def test_the_value_at_the_optimal_discriminator_of_two_gaussians_is_their_jensen_shannon_divergence():
    """Theorem 1 of arXiv 1406.2661: max_D V = 2 JSD(p, q) - 2 log 2, with means as integrals over quantiles."""
    p, q = stats.norm(0, 1), stats.norm(1.5, 0.6)
    quantiles = (np.arange(20_000) + 0.5) / 20_000

    def optimal(x):
        return jnp.asarray(p.logpdf(x) - q.logpdf(x), jnp.float32)

    value = minimax_value(optimal(p.ppf(quantiles)), optimal(q.ppf(quantiles)))

    def integrand(x):
        a, b = p.pdf(x), q.pdf(x)
        return sum(c * np.log(c / ((a + b) / 2)) for c in (a, b) if c > 0) / 2

    divergence, _ = integrate.quad(integrand, -12, 12, limit=200)
    assert 0.1 < divergence < np.log(2)
    assert value == pytest.approx(2 * divergence - 2 * np.log(2), rel=1e-4)
    for shift in (-0.2, 0.2):  # any other D has less
        other = minimax_value(optimal(p.ppf(quantiles)) + shift, optimal(q.ppf(quantiles)) + shift)
        assert other < value - 1e-3


class Sure(nn.Module):
    """A discriminator that is sure where to find the real images: about `center`."""

    center: float = 10.0

    @nn.compact
    def __call__(self, points, train):
        slope = self.param("slope", nn.initializers.constant(3.0), ())
        return slope * (5 - jnp.linalg.norm(points - self.center, axis=-1))


def test_against_a_sure_discriminator_the_minimax_generator_learns_nothing_and_the_non_saturating_one_does():
    norms = {}
    batch = {"image": jnp.full((32, 2), 10.0)}
    for name, objective in (("minimax", minimax), ("non_saturating", non_saturating)):
        sgd = optax.sgd(0.1)
        game = gan(mlp.Generator(2, (8,)), Sure(), objective, sgd, sgd, latent=normal(3))
        state = init_state(game, jax.random.key(0))
        _, generator = game.players
        _, outcome = gradient(generator, state, batch, jax.random.key(1))
        norms[name] = outcome.metrics["generator_gradient_norm"]
    assert norms["minimax"] < 1e-6
    assert norms["non_saturating"] > 1


class Scaled(nn.Module):
    """Latents times `scale`: a generator whose distribution is known. Its one weight does nothing."""

    scale: float

    @nn.compact
    def __call__(self, latents, train):
        return self.scale * latents + 0 * self.param("weight", nn.initializers.zeros, ())


def test_a_trained_critics_value_is_the_wasserstein_distance():
    """Between N(0, 1) and N(0, 2.5^2), whose best critic, -|x|, is not linear: W1 = E|2.5 z - z| = 1.5 sqrt(2 / pi).

    The critic's slope is held to 1 by a penalty on steeper ones, at points between real and generated ones.
    """

    def steepness(view):
        share = jax.random.uniform(view.key, (len(view.real.images), 1))
        between = share * view.real.images + (1 - share) * view.fake.images
        slopes = jnp.sqrt(squared_gradient_norms(view.real.discriminate, between) + 1e-12)
        return 300 * jnp.mean(jnp.square(jnp.maximum(slopes - 1, 0)))

    steps, size = 1500, 256
    game = gan(
        Scaled(2.5),
        mlp.Discriminator((32, 32)),
        wasserstein,
        generator_optimizer=optax.sgd(0.0),
        discriminator_optimizer=optax.adam(optax.cosine_decay_schedule(3e-3, steps), b1=0.5),
        latent=normal(1),
        regularizers=[stateless("steepness", steepness)],
    )

    @jax.jit
    def train(key):
        def step(state, key):
            state, metrics = train_step(game, state, {"image": jax.random.normal(key, (size, 1))})
            return state, metrics["discriminator_loss"]

        return jax.lax.scan(step, init_state(game, key), jax.random.split(key, steps))[0]

    state = train(jax.random.key(0))
    quantiles = jnp.asarray(stats.norm.ppf((np.arange(4000) + 0.5) / 4000), jnp.float32)[:, None]

    def critic(points):
        return mlp.Discriminator((32, 32)).apply({"params": state.params["discriminator"]}, points, train=False)

    distance = stats.wasserstein_distance(quantiles[:, 0], 2.5 * quantiles[:, 0])
    assert distance == pytest.approx(1.5 * np.sqrt(2 / np.pi), rel=1e-3)
    assert wasserstein.value(critic(quantiles), critic(2.5 * quantiles)) == pytest.approx(distance, rel=0.02)
