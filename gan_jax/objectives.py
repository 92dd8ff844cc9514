"""Adversarial objectives, on the discriminator's logits.

An objective is two functions of the logits of a batch of real and a batch of generated images, each a mean over the
examples: the `value` that the discriminator *ascends* and the `loss` that the generator *descends*. With logits
D~(x), the probability that x is real is D(x) = sigmoid(D~(x)).
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.nn import log_sigmoid

OfLogits = Callable[[jax.Array, jax.Array], jax.Array]


class Objective(NamedTuple):
    """`value(real_logits, fake_logits)`, which D ascends, and `loss(real_logits, fake_logits)`, which G descends.

    In a zero-sum game they are the same function. `output` maps logits to what is logged as D(x) and D(G(z)): for
    discriminators that are no classifiers, the logits themselves.
    """

    value: OfLogits
    loss: OfLogits
    output: Callable[[jax.Array], jax.Array] = jax.nn.sigmoid


def minimax_value(real_logits: jax.Array, fake_logits: jax.Array) -> jax.Array:
    """V(D, G) = E_x[log D(x)] + E_z[log(1 - D(G(z)))] (Goodfellow et al. 2014, arXiv 1406.2661, equation 1).

    At most 0; -2 log 2 at the equilibrium, where D(x) = 1/2. log(1 - sigmoid(l)) is written log sigmoid(-l), which does
    not underflow.
    """
    return jnp.mean(log_sigmoid(real_logits)) + jnp.mean(log_sigmoid(-fake_logits))


def non_saturating_loss(real_logits: jax.Array, fake_logits: jax.Array) -> jax.Array:
    """-E_z[log D(G(z))]: the same fixed point, with "much stronger gradients early in learning".

    (arXiv 1406.2661, section 3.)
    """
    del real_logits
    return -jnp.mean(log_sigmoid(fake_logits))


# The two-player zero-sum game min_G max_D V(D, G).
minimax = Objective(value=minimax_value, loss=minimax_value)

# D plays the minimax game; G maximizes log D(G(z)) instead.
non_saturating = Objective(value=minimax_value, loss=non_saturating_loss)
