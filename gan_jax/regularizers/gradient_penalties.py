"""Penalties on the gradients of the discriminator's logits with respect to images.

The images are those before the game's augmentation, and the gradient flows through it: see `base.Judged`.

With batch normalization in D, a logit also depends on the other images of the batch, and the penalty is on the gradient
of the sum of all logits. Use a discriminator without batch normalization (Gulrajani et al. 2017, arXiv 1704.00028,
section 4).
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax

from gan_jax.common.checks import at_least
from gan_jax.common.parallel import example_keys, mean_over_devices
from gan_jax.regularizers.base import Judged, Regularizer, Tree, View, logits, stateless


def squared_gradient_norms(discriminate: Callable[[jax.Array], Tree], points: jax.Array) -> jax.Array:
    """Returns |grad_x D(x)|^2, (N,), at points x (N, ...), where D(x) are the logits.

    >>> points = jnp.array([[3.0, 4.0], [0.0, 1.0]])
    >>> regularizers.squared_gradient_norms(lambda x: jnp.sum(x**2, -1) / 2, points).tolist()  # the gradient is x
    [25.0, 1.0]
    """
    gradients = jax.grad(lambda x: jnp.sum(logits(discriminate(x))))(points)
    return jnp.sum(jnp.square(gradients), tuple(range(1, points.ndim)))


def gradient_norms(discriminate: Callable[[jax.Array], Tree], points: jax.Array) -> jax.Array:
    """Returns |grad_x D(x)|, (N,), at points x (N, ...). Where the norm is 0, its own gradient is defined as 0.

    >>> points = jnp.array([[3.0, 4.0], [0.0, 0.0]])
    >>> regularizers.gradient_norms(lambda x: jnp.sum(x**2, -1) / 2, points).round(4).tolist()
    [5.0, 0.0]
    """
    squared = squared_gradient_norms(discriminate, points)
    positive = squared > 0
    # The square root has an infinite slope at 0, where the chain rule would give NaN.
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, squared, 1)), 0)


def r1(gamma: float) -> Regularizer:
    """gamma/2 E_x[|grad D(x)|^2] at real x (Mescheder, Geiger and Nowozin 2018, arXiv 1801.04406, equation 9).

    Raises ValueError for a negative gamma.

    >>> from gan_jax.networks import mlp
    >>> sgd, penalties = optax.sgd(0.1), [regularizers.every(16, regularizers.r1(10.0))]
    >>> modules = mlp.Generator(2, (4,)), mlp.Discriminator((4,))
    >>> gan = recipes.gan(*modules, objectives.non_saturating, sgd, sgd, regularizers=penalties)
    >>> def first_step():
    ...     return game.train_step(gan, game.init_state(gan, jax.random.key(0)), {"image": jnp.ones((8, 2))})
    >>> "discriminator_r1" in jax.eval_shape(first_step)[1]
    True
    """
    at_least(0, "gamma of R1", gamma)
    return stateless("r1", lambda view: _zero_centred(gamma, view.real))


def r2(gamma: float) -> Regularizer:
    """gamma/2 E_z[|grad D(G(z))|^2] at generated images (arXiv 1801.04406, equation 10).

    Raises ValueError for a negative gamma.

    >>> x, slope = jnp.ones((8, 2)), jnp.array([3.0, 4.0])
    >>> fake = regularizers.Judged(x, x @ slope, lambda x: x @ slope, None)  # a discriminator with slope 5
    >>> view = regularizers.View({}, None, None, fake, None, step=0, key=None)
    >>> float(regularizers.r2(10.0).apply(view, ())[0])  # 10/2 5^2
    125.0
    """
    at_least(0, "gamma of R2", gamma)
    return stateless("r2", lambda view: _zero_centred(gamma, view.fake))


def zero_centred(gamma: float | optax.Schedule) -> Regularizer:
    """R1 + R2: gamma/2 E_x[|grad D(x)|^2] + gamma/2 E_z[|grad D(G(z))|^2].

    `gamma` may change: then it is a function of the number of training steps so far. R3GAN uses the penalties together
    with a relativistic objective (Huang et al. 2024, arXiv 2501.05441, section 2.2). Raises ValueError for a negative
    gamma.

    >>> penalty = regularizers.zero_centred(game.cosine(20.0, 10.0, steps=1000))
    >>> x, slope = jnp.ones((8, 2)), jnp.array([3.0, 4.0])
    >>> judged = regularizers.Judged(x, x @ slope, lambda x: x @ slope, None)  # a discriminator with slope 5
    >>> view = regularizers.View({}, None, judged, judged, None, step=1000, key=None)
    >>> float(penalty.apply(view, ())[0])  # 10/2 5^2 + 10/2 5^2
    250.0
    """
    if not callable(gamma):
        at_least(0, "gamma of the zero-centred penalties", gamma)

    def penalty(view: View) -> jax.Array:
        weight = jnp.asarray(gamma(view.step) if callable(gamma) else gamma)
        return _zero_centred(weight, view.real) + _zero_centred(weight, view.fake)

    return stateless("zero_centred", penalty)


def _zero_centred(gamma: float | jax.Array, judged: Judged) -> jax.Array:
    return gamma / 2 * jnp.mean(squared_gradient_norms(judged.discriminate, judged.images))


def wgan_gp(weight: float = 10.0, *, one_sided: bool = False) -> Regularizer:
    """weight E[(|grad D(x^)| - 1)^2] at x^ = u x + (1 - u) G(z), where u is uniform in [0, 1) for each pair of images.

    (Gulrajani et al. 2017, arXiv 1704.00028, equation 3 and algorithm 1.) If the game augments images, x^ is augmented
    with the random draws of x. `one_sided` penalizes only norms above 1: weight E[max(0, |grad D(x^)| - 1)^2] (WGAN-LP;
    Petzka, Fischer and Lukovnikov 2018, arXiv 1709.08894). Raises ValueError for a negative weight.

    >>> x, slope = jnp.ones((8, 2)), jnp.array([3.0, 4.0])
    >>> judged = regularizers.Judged(x, x @ slope, lambda x: x @ slope, None)  # a critic with slope 5
    >>> view = regularizers.View({}, None, judged, judged, None, step=0, key=jax.random.key(0))
    >>> round(float(regularizers.wgan_gp().apply(view, ())[0]), 3)  # 10 (5 - 1)^2
    160.0
    """
    at_least(0, "the weight of wgan_gp", weight)

    def penalty(view: View) -> jax.Array:
        real, fake = view.real.images, view.fake.images
        keys = example_keys(view.key, len(real))
        u = jax.vmap(jax.random.uniform)(keys).reshape(-1, *[1] * (real.ndim - 1))
        excess = gradient_norms(view.real.discriminate, u * real + (1 - u) * fake) - 1
        return weight * jnp.mean(jnp.square(jnp.maximum(excess, 0) if one_sided else excess))

    return stateless("wgan_gp", penalty)


def dragan(weight: float = 10.0, *, scale: float = 0.5) -> Regularizer:
    """weight E[(|grad D(x + d)| - 1)^2] around real x (Kodali et al. 2017, arXiv 1705.07215, section 2).

    The noise d is that of the authors' code: scale s U[0, 1) for each value of an image, where s is the standard
    deviation of all values of the batch. (The text of the paper has normal noise with a fixed deviation.) Raises
    ValueError for a negative weight or scale.

    >>> x, slope = jnp.ones((8, 2)), jnp.array([0.0, 0.5])
    >>> real = regularizers.Judged(x, x @ slope, lambda x: x @ slope, None)  # a discriminator with slope 1/2
    >>> view = regularizers.View({}, None, real, None, None, step=0, key=jax.random.key(0))
    >>> round(float(regularizers.dragan().apply(view, ())[0]), 3)  # 10 (1/2 - 1)^2
    2.5
    """
    at_least(0, "the weight of dragan", weight)
    at_least(0, "the scale of dragan", scale)

    def penalty(view: View) -> jax.Array:
        real = view.real.images
        keys = example_keys(view.key, len(real))
        u = jax.vmap(lambda key: jax.random.uniform(key, real.shape[1:]))(keys)
        mean = mean_over_devices(jnp.mean(real))
        deviation = jnp.sqrt(mean_over_devices(jnp.mean(jnp.square(real - mean))))
        norms = gradient_norms(view.real.discriminate, real + scale * deviation * u)
        return weight * jnp.mean(jnp.square(norms - 1))

    return stateless("dragan", penalty)
