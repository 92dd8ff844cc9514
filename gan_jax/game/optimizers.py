"""What games need of an optimizer that optax does not have."""

import jax
import jax.numpy as jnp
import optax

from gan_jax.common.checks import at_least


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


def constant_then_linear(rate: float, steps: int) -> optax.Schedule:
    """A learning rate that stays for half of `steps` and then falls to 0 in a line.

    CycleGAN's (Zhu et al. 2017, arXiv 1703.10593, section 4), and pix2pix's in its authors' PyTorch code; in the paper
    that one's is constant. From the last step on it is 0.
    """
    half = steps // 2
    return optax.join_schedules(
        [optax.constant_schedule(rate), optax.linear_schedule(rate, 0.0, steps - half)], boundaries=[half]
    )
