"""What a player is charged beside its objective.

A `Regularizer` is a pair of pure functions, like an optax transformation: `init` gives the memory that it keeps in the
state, and `apply` maps a `View` of the update and that memory to the penalty, which its player pays, and to the next
memory. Every recipe takes any number of them:

    gan(..., regularizers=[every(16, r1(10.0))])
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from gan_jax.common.checks import at_least

Tree = Any


class Judged(NamedTuple):
    """A batch that the discriminator judges in an update, real or generated.

    images: the batch before augmentation, (N, H, W, C) or (N, D).
    output: what the discriminator returned for the batch: logits (N,), or a dict with "logits" and more.
    discriminate: images -> the discriminator's output for them in the place of this batch: in training mode, with this
        batch's labels, and behind the game's augmentation, which draws for them what it drew for this batch.
        Differentiable in the images and in the parameters. It leaves no trace in the statistics.
    features: images -> the discriminator's last hidden features (N, F), likewise.

    So a gradient penalty is taken at the images before augmentation and through it, as in the authors' code of R3GAN
    (Huang et al. 2024, arXiv 2501.05441). For the batch itself, `discriminate` gives what `output` is but for what D
    draws, and for its batch statistics.
    """

    images: jax.Array
    output: Tree
    discriminate: Callable[[jax.Array], Tree]
    features: Callable[[jax.Array], jax.Array]


class View(NamedTuple):
    """What a regularizer sees of one update.

    batch: the examples, {"image": (N, ...), "label": (N,) if the data have labels}.
    latents: what the generator was given: latents (N, latent_size), or images (N, H, W, C) where it translates.
    real, fake: the real and the generated batch as the discriminator judges them.
    params: the parameters of the player that is updated.
    step: training steps so far, int32.
    key: for the regularizer's own draws.
    """

    batch: dict[str, jax.Array]
    latents: jax.Array
    real: Judged
    fake: Judged
    params: Tree
    step: jax.Array
    key: jax.Array


class Regularizer(NamedTuple):
    """A penalty by the name under which it is logged.

    init: () -> memory.
    apply: (view, memory) -> (penalty, memory).
    logged: (penalty, memory) -> what is logged, with the memory after `apply`; the penalty unless given.
    """

    name: str
    init: Callable[[], Tree]
    apply: Callable[[View, Tree], tuple[jax.Array, Tree]]
    logged: Callable[[jax.Array, Tree], jax.Array] = lambda penalty, memory: penalty


def logits(output: Tree) -> jax.Array:
    """The logits (N,) of being real, of a discriminator's output that may have other heads beside them."""
    return output["logits"] if isinstance(output, dict) else output


def head(output: Tree, name: str) -> jax.Array:
    """The head `name` of a discriminator's output. Raises ValueError where it has no such head."""
    heads = output if isinstance(output, dict) else {"logits": output}
    if name not in heads:
        raise ValueError(
            f"the discriminator has no head {name!r}, only {', '.join(heads)}: see gan_jax.networks.layers"
        )
    return heads[name]


def stateless(name: str, penalty: Callable[[View], jax.Array]) -> Regularizer:
    """A regularizer that remembers nothing."""
    return Regularizer(name, lambda: (), lambda view, memory: (penalty(view), memory))


class Lazy(NamedTuple):
    """The memory of a lazy regularizer: what it last logged, and the memory of the regularizer itself."""

    last: jax.Array
    inner: Tree


def every(interval: int, regularizer: Regularizer) -> Regularizer:
    """Lazy regularization: applied in every `interval`-th step, `interval` times as strong.

    The mean penalty stays what it was at a fraction of the cost (Karras et al. 2020, arXiv 1912.04958, section 2.2;
    they also scale the optimizer's rates, which is left to the caller). In between, the penalty that is paid is 0 and
    the memory stays; what is logged is the last penalty that was applied, in its own strength. Under `jax.vmap`, as in
    a population, a branch costs as much as both: the penalty is the same but every step pays for it. Raises ValueError
    for an interval below 1.
    """
    at_least(1, "the interval of a regularizer", interval)

    def init() -> Lazy:
        return Lazy(jnp.zeros(()), regularizer.init())

    def apply(view: View, memory: Lazy) -> tuple[jax.Array, Lazy]:
        def applied():
            penalty, inner = regularizer.apply(view, memory.inner)
            last = jax.lax.stop_gradient(regularizer.logged(penalty, inner))
            return interval * penalty, Lazy(jnp.asarray(last, jnp.float32), inner)

        return jax.lax.cond(view.step % interval == 0, applied, lambda: (jnp.zeros(()), memory))

    return Regularizer(regularizer.name, init, apply, lambda penalty, memory: memory.last)
