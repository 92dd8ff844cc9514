"""Regularizers: what a player's objective is charged beside the adversarial game.

A `Regularizer` is a pair of pure functions, like an optax transformation: `init` gives the memory that it keeps in the
state, `apply` maps a `View` of the move and that memory to the penalty, which its player pays, and the next memory. A
recipe takes any number of them:

    gan(..., regularizers=[every(16, r1(10.0))])

Gradient penalties take the gradient of D's logits in the images. With batch normalization in D, a logit depends on the
other images of the batch too, and what is penalized is the gradient of the batch's sum of logits: use a discriminator
without it (Gulrajani et al. 2017, arXiv 1704.00028, section 4).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from gan_jax.checks import at_least, decay_rate
from gan_jax.parallel import example_keys, mean_over_devices

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

    The mean penalty stays what it was at a fraction of the cost (Karras et al. 2020, arXiv 1912.04958, section 2.2;
    they also scale the optimizer's rates, which is left to the caller). In between the penalty that is logged is 0 and
    the memory stays. Under `jax.vmap`, as in a population, a branch costs as much as both: the penalty is the same but
    every round pays for it. Raises ValueError for an interval below 1.
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


def gradient_norms(discriminate: Callable[[jax.Array], Tree], points: jax.Array) -> jax.Array:
    """|grad_x D(x)| at each of the points (N, ...), (N,). Where it is 0, its own gradient is taken to be 0."""
    squared = squared_gradient_norms(discriminate, points)
    positive = squared > 0
    # The root is not taken at 0, where its slope is infinite and the chain rule would give NaN.
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, squared, 1)), 0)


def r1(gamma: float) -> Regularizer:
    """gamma/2 E_x[|grad D(x)|^2] at real x (Mescheder, Geiger and Nowozin 2018, arXiv 1801.04406, equation 9).

    Raises ValueError for a negative gamma.
    """
    at_least(0, "gamma of R1", gamma)
    return stateless("r1", lambda view: _zero_centred(gamma, view, view.real))


def r2(gamma: float) -> Regularizer:
    """gamma/2 E_z[|grad D(G(z))|^2] at generated images (arXiv 1801.04406, equation 10).

    Raises ValueError for a negative gamma.
    """
    at_least(0, "gamma of R2", gamma)
    return stateless("r2", lambda view: _zero_centred(gamma, view, view.fake))


def zero_centred(gamma: float) -> Regularizer:
    """R1 + R2: gamma/2 E_x[|grad D(x)|^2] + gamma/2 E_z[|grad D(G(z))|^2].

    As R3GAN has it beside its relativistic objective (Huang et al. 2024, arXiv 2501.05441, section 2.2). Raises
    ValueError for a negative gamma.
    """
    at_least(0, "gamma of the zero-centred penalties", gamma)
    return stateless(
        "zero_centred", lambda view: _zero_centred(gamma, view, view.real) + _zero_centred(gamma, view, view.fake)
    )


def _zero_centred(gamma: float, view: View, points: jax.Array) -> jax.Array:
    return gamma / 2 * jnp.mean(squared_gradient_norms(view.discriminate, points))


def wgan_gp(weight: float = 10.0, *, one_sided: bool = False) -> Regularizer:
    """weight E[(|grad D(x^)| - 1)^2] at x^ = u x + (1 - u) G(z), u uniform in [0, 1) for each pair of images.

    Gulrajani et al. 2017, arXiv 1704.00028, equation 3 and algorithm 1. `one_sided` charges only norms above 1,
    weight E[max(0, |grad D(x^)| - 1)^2] (Petzka, Fischer and Lukovnikov 2018, arXiv 1709.08894, WGAN-LP). Raises
    ValueError for a negative weight.
    """
    at_least(0, "the weight of wgan_gp", weight)

    def penalty(view: View) -> jax.Array:
        keys = example_keys(view.key, len(view.real))
        u = jax.vmap(jax.random.uniform)(keys).reshape(-1, *[1] * (view.real.ndim - 1))
        excess = gradient_norms(view.discriminate, u * view.real + (1 - u) * view.fake) - 1
        return weight * jnp.mean(jnp.square(jnp.maximum(excess, 0) if one_sided else excess))

    return stateless("wgan_gp", penalty)


def dragan(weight: float = 10.0, *, scale: float = 0.5) -> Regularizer:
    """weight E[(|grad D(x + d)| - 1)^2] around real x (Kodali et al. 2017, arXiv 1705.07215, section 2).

    The noise d is that of the authors' code, scale s U[0, 1) for each number of an image, where s is the standard
    deviation of all numbers of the batch. (The paper's text has normal noise of a fixed size.) Raises ValueError for a
    negative weight or scale.
    """
    at_least(0, "the weight of dragan", weight)
    at_least(0, "the scale of dragan", scale)

    def penalty(view: View) -> jax.Array:
        real = view.real
        keys = example_keys(view.key, len(real))
        u = jax.vmap(lambda key: jax.random.uniform(key, real.shape[1:]))(keys)
        mean = mean_over_devices(jnp.mean(real))
        deviation = jnp.sqrt(mean_over_devices(jnp.mean(jnp.square(real - mean))))
        norms = gradient_norms(view.discriminate, real + scale * deviation * u)
        return weight * jnp.mean(jnp.square(norms - 1))

    return stateless("dragan", penalty)


def lecam(weight: float, decay: float = 0.99) -> Regularizer:
    """weight (E_x[(D(x) - a_F)^2] + E_z[(D(G(z)) - a_R)^2]), with D the logits.

    Tseng et al. 2021, arXiv 2104.03310, equations 3 and 4. The anchors a_R and a_F are running averages of D(x) and
    D(G(z)) over the rounds, this one included, without gradients: the real logits are drawn to where the generated ones
    have been, and the other way round. The averages are free of their start, like Adam's moments: in the first round
    the anchors are that batch's own means, in round t the rounds before count by decay^1, decay^2, ... and these
    weights sum to 1. Raises ValueError for a negative weight or a decay outside [0, 1).
    """
    at_least(0, "the weight of lecam", weight)
    decay_rate("the decay of lecam", decay)

    def init() -> Tree:
        return {name: jnp.zeros(()) for name in ("real", "fake", "total")}

    def apply(view: View, memory: Tree) -> tuple[jax.Array, Tree]:
        real, fake = logits(view.real_output), logits(view.fake_output)
        means = mean_over_devices({"real": jnp.mean(real), "fake": jnp.mean(fake)})
        seen = jax.lax.stop_gradient({**means, "total": jnp.ones(())})
        memory = jax.tree.map(lambda old, new: decay * old + (1 - decay) * new, memory, seen)
        anchor_real, anchor_fake = memory["real"] / memory["total"], memory["fake"] / memory["total"]
        distance = jnp.mean(jnp.square(real - anchor_fake)) + jnp.mean(jnp.square(fake - anchor_real))
        return weight * distance, memory

    return Regularizer("lecam", init, apply)


def consistency(
    augment: Callable[[jax.Array, jax.Array], jax.Array], weight_real: float = 10.0, weight_fake: float = 10.0
) -> Regularizer:
    """weight_real E_x[(D(T(x)) - D(x))^2] + weight_fake E_z[(D(T(G(z))) - D(G(z)))^2], with D the logits.

    Balanced consistency regularization (bCR; Zhao et al. 2020, arXiv 2002.04724, algorithm 1; Zhang et al. 2019, arXiv
    1910.12027, is its first term). `augment` is T: (images (N, H, W, C), keys (N,)) -> images, which D should not tell
    apart from those it is given. Raises ValueError for a negative weight.
    """
    at_least(0, "the weight of consistency on real images", weight_real)
    at_least(0, "the weight of consistency on generated images", weight_fake)

    def penalty(view: View) -> jax.Array:
        def change(images, output, i):
            keys = example_keys(jax.random.fold_in(view.key, i), len(images))
            return jnp.mean(jnp.square(logits(view.discriminate(augment(images, keys))) - logits(output)))

        real, fake = change(view.real, view.real_output, 0), change(view.fake, view.fake_output, 1)
        return weight_real * real + weight_fake * fake

    return stateless("consistency", penalty)


def orthogonal(weight: float) -> Regularizer:
    """weight times the sum of |W^T W * (1 - I)|_F^2 over the mover's kernels W, with * elementwise.

    The relaxed form of BigGAN, which leaves the filters' norms free and charges their overlap alone (Brock et al. 2019,
    arXiv 1809.11096, equation 3, where the weight is 1e-4). W is a parameter named "kernel" as a matrix whose columns
    belong to its last axis: the filters of a convolution or a dense layer. Raises ValueError for a negative weight.
    """
    at_least(0, "the weight of orthogonal", weight)

    def penalty(view: View) -> jax.Array:
        total = jnp.zeros(())
        for path, leaf in jax.tree_util.tree_leaves_with_path(view.params):
            if path[-1] == jax.tree_util.DictKey("kernel"):
                w = leaf.reshape(-1, leaf.shape[-1])
                total += jnp.sum(jnp.square((w.T @ w) * (1 - jnp.eye(w.shape[1]))))
        return weight * total

    return stateless("orthogonal", penalty)


def feature_matching(weight: float = 1.0) -> Regularizer:
    """weight |E_x[f(x)] - E_z[f(G(z))]|^2 for the generator, with f the discriminator's last hidden features.

    Salimans et al. 2016, arXiv 1606.03498, section 3.1, where it is all that G descends; the discriminator plays its
    own objective. The means are over the batch of all devices. Raises ValueError for a negative weight, and at its
    first use for a discriminator that shows no features.
    """
    at_least(0, "the weight of feature_matching", weight)

    def penalty(view: View) -> jax.Array:
        real, fake = mean_over_devices([jnp.mean(view.features(images), 0) for images in (view.real, view.fake)])
        return weight * jnp.sum(jnp.square(real - fake))

    return stateless("feature_matching", penalty)
