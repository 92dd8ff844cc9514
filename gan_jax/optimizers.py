"""What games need of an optimizer that optax does not have."""

import jax
import jax.numpy as jnp
import optax

from gan_jax.checks import at_least


def clip_weights(limit: float) -> optax.GradientTransformation:
    """Keeps every parameter in [-limit, limit], up to rounding: the Wasserstein GAN's Lipschitz constraint.

    Chained last: `optax.chain(optax.rmsprop(5e-5), clip_weights(0.01))` is the critic's update of Arjovsky, Chintala
    and Bottou 2017 (arXiv 1701.07875, algorithm 1). Parameters that start outside are inside after one update.

    Raises ValueError for a limit below 0.
    """
    at_least(0, "the limit of the weights", limit)

    def update(updates, params):
        return jax.tree.map(lambda update, old: jnp.clip(old + update, -limit, limit) - old, updates, params)

    return optax.stateless(update)
