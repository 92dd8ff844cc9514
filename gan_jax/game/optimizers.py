"""Optimizer parts for games that optax does not have."""

import jax
import jax.numpy as jnp
import optax

from gan_jax.common.checks import at_least


def clip_weights(limit: float) -> optax.GradientTransformation:
    """Clips every parameter to [-limit, limit], up to rounding: the Lipschitz constraint of the Wasserstein GAN.

    It comes last in a chain: `optax.chain(optax.rmsprop(5e-5), clip_weights(0.01))` is the critic's optimizer in
    Arjovsky, Chintala and Bottou 2017 (arXiv 1701.07875, algorithm 1). Parameters that start outside are inside after
    one update.

    Raises ValueError for a negative limit.

    >>> optimizer = optax.chain(optax.sgd(1.0), game.clip_weights(0.01))
    >>> weights, gradients = jnp.array([0.0, 0.0]), jnp.array([5.0, 0.005])
    >>> updates, _ = optimizer.update(gradients, optimizer.init(weights), weights)
    >>> [round(float(w), 4) for w in optax.apply_updates(weights, updates)]
    [-0.01, -0.005]
    """
    at_least(0, "the limit of the weights", limit)

    def update(updates, params):
        return jax.tree.map(lambda update, old: jnp.clip(old + update, -limit, limit) - old, updates, params)

    return optax.stateless(update)


def constant_then_linear(rate: float, steps: int) -> optax.Schedule:
    """Returns a learning rate that is constant for half of `steps`, then falls linearly to 0, and stays 0.

    It is that of CycleGAN (Zhu et al. 2017, arXiv 1703.10593, section 4), and that of pix2pix in its authors' PyTorch
    code. In the pix2pix paper the learning rate is constant.

    >>> rate = game.constant_then_linear(0.1, steps=100)
    >>> [round(float(rate(step)), 4) for step in (0, 50, 75, 100, 200)]
    [0.1, 0.1, 0.05, 0.0, 0.0]
    >>> optimizer = optax.adam(rate, b1=0.5)
    """
    half = steps // 2
    return optax.join_schedules(
        [optax.constant_schedule(rate), optax.linear_schedule(rate, 0.0, steps - half)], boundaries=[half]
    )


def cosine(start: float, end: float, steps: int) -> optax.Schedule:
    """Returns a number that goes from `start` to `end` in `steps`, along half a wave, and stays there.

    R3GAN has it for the learning rate, Adam's b2 and the weight of its penalties (Huang et al. 2024, arXiv 2501.05441,
    in the authors' code).

    >>> rate = game.cosine(0.4, 0.2, steps=100)
    >>> [round(float(rate(step)), 4) for step in (0, 50, 100, 200)]
    [0.4, 0.3, 0.2, 0.2]
    """
    return lambda step: end + (start - end) * (1 + jnp.cos(jnp.pi * jnp.minimum(step / steps, 1.0))) / 2
