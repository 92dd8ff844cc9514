"""Regularizers: what a player's objective is charged beside the adversarial game.

A `Regularizer` is a pair of pure functions, like an optax transformation: `init` gives the memory that it keeps in the
state, `apply` maps a `View` of the move and that memory to the penalty, which its player pays, and the next memory. A
recipe takes any number of them:

    gan(..., regularizers=[every(16, r1(10.0))])
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from gan_jax.checks import at_least

Tree = Any


class View(NamedTuple):
    """What a regularizer sees of one move.

    batch: the examples, {"image": (N, ...), "label": (N,) if the data have labels}.
    latents: what the generator was given, (N, latent_size).
    real, fake: the batches as the discriminator saw them, augmented if the game augments: (N, H, W, C) or (N, D).
    real_output, fake_output: what the discriminator returned for them: logits (N,), or a dict with "logits" and more.
    discriminate: images -> the discriminator's output for them, as in this move: training mode, the batch's labels.
        Differentiable in the images and in the parameters; leaves no trace in the statistics.
    features: images -> the discriminator's last hidden features (N, F), likewise.
    params: the mover's parameters.
    step: rounds played, int32.
    key: for the regularizer's own draws.
    """

    batch: dict[str, jax.Array]
    latents: jax.Array
    real: jax.Array
    fake: jax.Array
    real_output: Tree
    fake_output: Tree
    discriminate: Callable[[jax.Array], Tree]
    features: Callable[[jax.Array], jax.Array]
    params: Tree
    step: jax.Array
    key: jax.Array


class Regularizer(NamedTuple):
    """name: under which its penalty is logged. init: () -> memory. apply: (view, memory) -> (penalty, memory)."""

    name: str
    init: Callable[[], Tree]
    apply: Callable[[View, Tree], tuple[jax.Array, Tree]]


def logits(output: Tree) -> jax.Array:
    """The logits (N,) of being real, of a discriminator's output that may have other heads beside them."""
    return output["logits"] if isinstance(output, dict) else output


def head(output: Tree, name: str) -> jax.Array:
    """The head `name` of a discriminator's output. Raises ValueError where it has no such head."""
    heads = output if isinstance(output, dict) else {"logits": output}
    if name not in heads:
        raise ValueError(f"the discriminator has no head {name!r}, only {', '.join(heads)}: see gan_jax.networks.heads")
    return heads[name]


def stateless(name: str, penalty: Callable[[View], jax.Array]) -> Regularizer:
    """A regularizer that remembers nothing."""
    return Regularizer(name, lambda: (), lambda view, memory: (penalty(view), memory))


def every(interval: int, regularizer: Regularizer) -> Regularizer:
    """Lazy regularization: applied in every `interval`-th round, `interval` times as strong.

    The mean penalty stays what it was at a fraction of the cost (Karras et al. 2020, arXiv 1912.04958, section 2.2).
    The penalty that is logged is 0 in between. Raises ValueError for an interval below 1.
    """
    at_least(1, "the interval of a regularizer", interval)

    def apply(view: View, memory: Tree) -> tuple[jax.Array, Tree]:
        def applied():
            penalty, new = regularizer.apply(view, memory)
            return interval * penalty, new

        return jax.lax.cond(view.step % interval == 0, applied, lambda: (jnp.zeros(()), memory))

    return Regularizer(regularizer.name, regularizer.init, apply)


def squared_gradient_norms(discriminate: Callable[[jax.Array], Tree], points: jax.Array) -> jax.Array:
    """|grad_x D(x)|^2 at each of the points (N, ...), (N,), where D(x) are the logits."""
    gradients = jax.grad(lambda x: jnp.sum(logits(discriminate(x))))(points)
    return jnp.sum(jnp.square(gradients), tuple(range(1, points.ndim)))


def r1(gamma: float) -> Regularizer:
    """gamma/2 E_x[|grad D(x)|^2] at real x (Mescheder, Geiger and Nowozin 2018, arXiv 1801.04406, equation 9)."""
    at_least(0, "gamma of R1", gamma)
    return stateless("r1", lambda view: gamma / 2 * jnp.mean(squared_gradient_norms(view.discriminate, view.real)))
