"""Regularizers: penalties that are added to a player's objective.

A `Regularizer` is a pair of pure functions, like an optax transformation. `init` returns its initial memory, which is
part of the state. `apply` maps a `View` of the update and the memory to the penalty and the next memory. Every recipe
takes any number of regularizers:

    gan(..., regularizers=[every(16, r1(10.0))])
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from gan_jax.common.checks import at_least
from gan_jax.common.parallel import mean_over_devices

Tree = Any


class Judged(NamedTuple):
    """A real or generated batch that the discriminator judges in an update.

    images: the batch before augmentation, (N, H, W, C) or (N, D).
    output: the discriminator's output for the batch: logits (N,), or a dict with "logits" and other heads.
    discriminate: images -> the discriminator's output for other images instead of this batch. It runs in training mode,
        with the labels of this batch, and after the game's augmentation with the same random draws as for this batch.
        It is differentiable in the images and the parameters, and does not change the statistics.
    features: images -> the discriminator's last hidden features (N, F), computed in the same way.

    So the gradient of a gradient penalty is taken at the images before augmentation and flows through it, as in the
    authors' code of R3GAN (Huang et al. 2024, arXiv 2501.05441). For the batch itself, `discriminate` returns the same
    as `output`, apart from random draws in D and its batch statistics.
    """

    images: jax.Array
    output: Tree
    discriminate: Callable[[jax.Array], Tree]
    features: Callable[[jax.Array], jax.Array]


class View(NamedTuple):
    """The information about an update that a regularizer receives.

    batch: the examples, {"image": (N, ...), "label": (N,) if the data have labels}.
    latents: the generator's input: latents (N, latent_size), or images (N, H, W, C) in a game of translation.
    real, fake: the real and the generated batch, as the discriminator judges them.
    params: the parameters of the player that is updated.
    step: the number of training steps so far, int32.
    key: PRNG key for the random draws of the regularizer.
    """

    batch: dict[str, jax.Array]
    latents: jax.Array
    real: Judged
    fake: Judged
    params: Tree
    step: jax.Array
    key: jax.Array


class Regularizer(NamedTuple):
    """A penalty on a player.

    name: the name under which the penalty is logged.
    init: () -> memory.
    apply: (view, memory) -> (penalty, memory).
    logged: (penalty, memory after `apply`) -> the number to log. It is the penalty by default.
    """

    name: str
    init: Callable[[], Tree]
    apply: Callable[[View, Tree], tuple[jax.Array, Tree]]
    logged: Callable[[jax.Array, Tree], jax.Array] = lambda penalty, memory: penalty


def logits(output: Tree) -> jax.Array:
    """Returns the logits (N,) of being real from a discriminator's output, which may have other heads too.

    >>> float(regularizers.logits(jnp.array([2.0]))[0])
    2.0
    >>> float(regularizers.logits({"logits": jnp.array([2.0]), "classes": jnp.zeros((1, 10))})[0])
    2.0
    """
    return output["logits"] if isinstance(output, dict) else output


def head(output: Tree, name: str) -> jax.Array:
    """Returns the head `name` of a discriminator's output. Raises ValueError if there is no such head.

    >>> output = {"logits": jnp.zeros(4), "classes": jnp.zeros((4, 10))}
    >>> regularizers.head(output, "classes").shape
    (4, 10)
    """
    heads = output if isinstance(output, dict) else {"logits": output}
    if name not in heads:
        raise ValueError(
            f"the discriminator has no head {name!r}, only {', '.join(heads)}: see gan_jax.networks.layers"
        )
    return heads[name]


def stateless(name: str, penalty: Callable[[View], jax.Array]) -> Regularizer:
    """Returns a regularizer without memory.

    >>> def size(view):
    ...     return 0.001 * jnp.mean(regularizers.logits(view.real.output) ** 2)
    >>> drift = regularizers.stateless("drift", size)  # for gan(..., regularizers=[drift])
    >>> real = regularizers.Judged(None, 10 * jnp.ones(4), None, None)
    >>> view = regularizers.View({}, None, real, None, None, step=0, key=None)
    >>> round(float(drift.apply(view, drift.init())[0]), 4)
    0.1
    """
    return Regularizer(name, lambda: (), lambda view, memory: (penalty(view), memory))


class Lazy(NamedTuple):
    """The memory of a lazy regularizer: the number that it last logged, and the memory of the regularizer itself."""

    last: jax.Array
    inner: Tree


def every(interval: int, regularizer: Regularizer) -> Regularizer:
    """Lazy regularization: applies the regularizer in every `interval`-th step with `interval` times the weight.

    The mean penalty is the same at a fraction of the cost (Karras et al. 2020, arXiv 1912.04958, section 2.2; they also
    rescale the optimizer's hyperparameters, which is left to the caller). In the other steps the penalty is 0 and the
    memory does not change. The logged number is the last penalty that was applied, with its original weight. Under
    `jax.vmap`, as in a population, both branches are computed: the penalty is the same, but every step takes its full
    cost. Raises ValueError for an interval below 1.

    >>> one = regularizers.stateless("one", lambda view: jnp.ones(()))
    >>> lazy = regularizers.every(4, one)
    >>> view = regularizers.View({}, None, None, None, None, step=0, key=None)
    >>> [float(lazy.apply(view._replace(step=step), lazy.init())[0]) for step in range(6)]
    [4.0, 0.0, 0.0, 0.0, 4.0, 0.0]
    """
    at_least(1, "the interval of a regularizer", interval)

    def init() -> Lazy:
        return Lazy(jnp.zeros(()), regularizer.init())

    def apply(view: View, memory: Lazy) -> tuple[jax.Array, Lazy]:
        def applied():
            penalty, inner = regularizer.apply(view, memory.inner)
            # It is averaged, since the memory must be the same on all devices.
            last = mean_over_devices(jax.lax.stop_gradient(regularizer.logged(penalty, inner)))
            return interval * penalty, Lazy(jnp.asarray(last, jnp.float32), inner)

        return jax.lax.cond(view.step % interval == 0, applied, lambda: (jnp.zeros(()), memory))

    return Regularizer(regularizer.name, init, apply, lambda penalty, memory: memory.last)
