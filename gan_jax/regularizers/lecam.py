"""LeCam regularization: pulls the logits of real images to a running average of the fake ones, and vice versa."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from gan_jax.common.checks import at_least, decay_rate
from gan_jax.common.parallel import mean_over_devices
from gan_jax.regularizers.base import Regularizer, Tree, View, logits


def lecam(weight: float, decay: float = 0.99) -> Regularizer:
    """weight (E_x[(D(x) - a_F)^2] + E_z[(D(G(z)) - a_R)^2]), where D are the logits.

    (Tseng et al. 2021, arXiv 2104.03310, equations 3 and 4.) The anchors a_R and a_F are running averages of D(x) and
    D(G(z)) over the steps, including the current one, and have no gradient. So the real logits are pulled to the past
    generated ones, and vice versa. The averages have no initialization bias, like Adam's moments: in the first step the
    anchors are the means of that batch. Later, the weights of previous steps decay as decay^1, decay^2, ..., and all
    weights sum to 1. Raises ValueError for a negative weight or a decay outside [0, 1).

    >>> penalty = regularizers.lecam(0.5)
    >>> real, fake = (regularizers.Judged(None, scores, None, None) for scores in (jnp.ones(4), -jnp.ones(4)))
    >>> view = regularizers.View({}, None, real, fake, None, step=0, key=None)
    >>> value, memory = penalty.apply(view, penalty.init())
    >>> round(float(value), 4)  # 0.5 ((1 + 1)^2 + (-1 - 1)^2)
    4.0
    """
    return _lecam("lecam", weight, decay, lambda difference: difference)


def lecam_hinge(weight: float, decay: float = 0.99) -> Regularizer:
    """weight (E_x[max(0, D(x) - a_F)^2] + E_z[max(0, a_R - D(G(z)))^2]), where D are the logits.

    This is `lecam_reg` of the authors' code (github.com/google/lecam-gan), which differs from the paper: only real
    logits above the anchor a_F, and generated ones below a_R, are pulled to it. The anchors are those of `lecam`. (The
    authors' averages start at 1,000 and have a step at which the penalty sets in.) Raises ValueError for a negative
    weight or a decay outside [0, 1).

    >>> penalty = regularizers.lecam_hinge(0.5)
    >>> real, fake = (regularizers.Judged(None, scores, None, None) for scores in (-jnp.ones(4), jnp.ones(4)))
    >>> view = regularizers.View({}, None, real, fake, None, step=0, key=None)
    >>> float(penalty.apply(view, penalty.init())[0])  # D is fooled already: nothing is pulled
    0.0
    """
    return _lecam("lecam_hinge", weight, decay, jax.nn.relu)


def _lecam(name: str, weight: float, decay: float, side: Callable[[jax.Array], jax.Array]) -> Regularizer:
    """weight (E_x[side(D(x) - a_F)^2] + E_z[side(a_R - D(G(z)))^2])."""
    at_least(0, f"the weight of {name}", weight)
    decay_rate(f"the decay of {name}", decay)

    def init() -> Tree:
        return {name: jnp.zeros(()) for name in ("real", "fake", "total")}

    def apply(view: View, memory: Tree) -> tuple[jax.Array, Tree]:
        real, fake = logits(view.real.output), logits(view.fake.output)
        means = mean_over_devices({"real": jnp.mean(real), "fake": jnp.mean(fake)})
        seen = jax.lax.stop_gradient({**means, "total": jnp.ones(())})
        memory = jax.tree.map(lambda old, new: decay * old + (1 - decay) * new, memory, seen)
        anchor_real, anchor_fake = memory["real"] / memory["total"], memory["fake"] / memory["total"]
        squares = jnp.square(side(real - anchor_fake)), jnp.square(side(anchor_real - fake))
        return weight * (jnp.mean(squares[0]) + jnp.mean(squares[1])), memory

    return Regularizer(name, init, apply)
