"""f-GAN: the game that minimizes an f-divergence (Nowozin, Cseke and Tomioka 2016, arXiv 1606.00709).

An f-divergence is D_f(P || Q) = E_Q[f(p/q)], for a convex f with f(1) = 0. Let V(x) be the discriminator's output, any
real number, and f* the convex conjugate of f. Then

    F = E_x[g_f(V(x))] - E_z[f*(g_f(V(G(z))))] <= D_f(P || Q)                         (equations 4 to 6)

where the output activation g_f maps V(x) into the domain of f*. The bound is tight at g_f(V(x)) = f'(p(x)/q(x)).
"""

import difflib
import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.nn import log_sigmoid

from gan_jax.objectives.adversarial import Objective

_LOG2 = math.log(2)


class Divergence(NamedTuple):
    """An f-divergence, as in table 2 of the paper.

    activation: g_f, an increasing function.
    conjugate: v -> f*(g_f(v)). It is a single function, so that no logarithm has to undo an exponential.
    is_classifier: whether V is the logit of being real.
    """

    activation: Callable[[jax.Array], jax.Array]
    conjugate: Callable[[jax.Array], jax.Array]
    is_classifier: bool = False


# Here u = p/q. The exponentials belong to the divergences. They overflow float32 if |V| is above 88.
DIVERGENCES = {
    # f(u) = u log u - (u + 1) log((u + 1) / 2). D_f is twice the Jensen-Shannon divergence.
    # F is the value of the original GAN with logits V, plus 2 log 2.
    "jensen_shannon": Divergence(
        lambda v: _LOG2 + log_sigmoid(v), lambda v: -_LOG2 - log_sigmoid(-v), is_classifier=True
    ),
    # f(u) = u log u: KL(P || Q). f*(t) = exp(t - 1).
    "kl": Divergence(lambda v: v, lambda v: jnp.exp(v - 1)),
    # f(u) = -log u: KL(Q || P). f*(t) = -1 - log(-t), for t = -exp(-v).
    "reverse_kl": Divergence(lambda v: -jnp.exp(-v), lambda v: v - 1),
    # f(u) = (u - 1)^2. f*(t) = t^2/4 + t.
    "pearson": Divergence(lambda v: v, lambda v: jnp.square(v) / 4 + v),
    # f(u) = (sqrt u - 1)^2. f*(t) = t/(1 - t), for t = 1 - exp(-v).
    "squared_hellinger": Divergence(lambda v: -jnp.expm1(-v), jnp.expm1),
}


def f_gan(name: str) -> Objective:
    """Returns the objective of the zero-sum game min_G max_D F (equation 6).

    name: the divergence, one of `DIVERGENCES`. Raises ValueError for another name.

    >>> sorted(objectives.DIVERGENCES)
    ['jensen_shannon', 'kl', 'pearson', 'reverse_kl', 'squared_hellinger']
    >>> equal = jnp.ones(4)  # the best output for KL where p = q is f'(1) = 1
    >>> float(objectives.f_gan("kl").value(equal, equal))  # and the divergence is 0
    0.0
    """
    divergence = _named(name)

    def value(real_outputs, fake_outputs):
        return jnp.mean(divergence.activation(real_outputs)) - jnp.mean(divergence.conjugate(fake_outputs))

    return Objective(value, value, divergence.is_classifier)


def alternative_f_gan(name: str) -> Objective:
    """Returns `f_gan(name)` with the loss -E_z[g_f(V(G(z)))] (section 3.2).

    For "jensen_shannon" it is the non-saturating GAN. Raises ValueError if `DIVERGENCES` has no such name.

    >>> fake = jnp.array([-1.0, 2.0])
    >>> loss = objectives.alternative_f_gan("jensen_shannon").loss(jnp.zeros(2), fake)
    >>> difference = objectives.non_saturating.loss(jnp.zeros(2), fake) - loss
    >>> round(float(difference), 4)  # log 2, which has no gradient
    0.6931
    """
    activation = _named(name).activation

    def loss(real_outputs, fake_outputs):
        del real_outputs
        return -jnp.mean(activation(fake_outputs))

    return f_gan(name)._replace(loss=loss)


def _named(name: str) -> Divergence:
    if name not in DIVERGENCES:
        near = difflib.get_close_matches(name, DIVERGENCES, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(f"no divergence {name!r}; there are {', '.join(DIVERGENCES)}{hint}")
    return DIVERGENCES[name]
