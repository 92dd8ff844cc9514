"""Bounds on the log-likelihood log p(x) of a model with latents z, by draws of its approximate posterior q(z|x).

The prior is N(0, 1), and q(z|x) a normal distribution of independent values. At most 32 draws of all examples are
judged at a time, so memory does not grow with further draws, but for one number for each.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from gan_jax.common.parallel import example_keys
from gan_jax.networks.latents import normal

_AT_ONCE = 32

# Latents (N, L), one for each example x -> log p(x|z) in nats, (N,).
Conditional = Callable[[jax.Array], jax.Array]


def divergence(mean: jax.Array, log_variance: jax.Array) -> jax.Array:
    """KL(N(mean, variance) || N(0, 1)) in nats, (N,), of means and log variances (N, L).

    Source: Kingma and Welling 2013 (arXiv 1312.6114), appendix B.
    """
    return 0.5 * jnp.sum(jnp.square(mean) + jnp.exp(log_variance) - 1 - log_variance, -1)


def evidence_bound(
    mean: jax.Array, log_variance: jax.Array, conditional: Conditional, key: jax.Array, draws: int
) -> jax.Array:
    """The evidence lower bound in nats, (N,): the mean of log p(x|z) over `draws` latents, less the divergence.

    mean, log_variance: (N, L), of q(z|x). The mean is without bias, with any number of draws.

    Source: Kingma and Welling 2013 (arXiv 1312.6114), equation 10.
    """

    def reconstruction(key: jax.Array) -> jax.Array:
        return conditional(_drawn(mean, log_variance, key)[0])

    found = jax.lax.map(reconstruction, jax.random.split(key, draws), batch_size=min(draws, _AT_ONCE))
    return jnp.mean(found, 0) - divergence(mean, log_variance)


def importance_bound(
    mean: jax.Array, log_variance: jax.Array, conditional: Conditional, key: jax.Array, draws: int
) -> jax.Array:
    """log 1/K sum_k p(x, z_k) / q(z_k|x) in nats, (N,), with K = `draws` latents z_k of q(z|x).

    mean, log_variance: (N, L), of q(z|x). On average it is the evidence lower bound for one draw. It grows with the
    draws, towards log p(x).

    Source: Burda, Grosse and Salakhutdinov 2015 (arXiv 1509.00519), equation 8 and theorem 1.
    """

    def log_weight(key: jax.Array) -> jax.Array:
        z, noise = _drawn(mean, log_variance, key)
        # log N(z; 0, 1) - log N(z; mean, variance), whose constants cancel.
        prior_over_posterior = 0.5 * jnp.sum(jnp.square(noise) + log_variance - jnp.square(z), -1)
        return conditional(z) + prior_over_posterior

    found = jax.lax.map(log_weight, jax.random.split(key, draws), batch_size=min(draws, _AT_ONCE))
    return jax.nn.logsumexp(found, 0) - jnp.log(draws)


def _drawn(mean: jax.Array, log_variance: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
    """A draw of N(mean, variance), and the standard normal noise that it is made of, (N, L) each."""
    noise = jax.vmap(normal(mean.shape[-1]))(example_keys(key, len(mean)))
    return mean + jnp.exp(0.5 * log_variance) * noise, noise
