"""Instance noise: Gaussian noise on all images that the discriminator sees, usually annealed to 0."""

from collections.abc import Callable

import jax

from gan_jax.augmentation.base import Augmentation
from gan_jax.common.checks import at_least


def instance_noise(std: float | Callable[[jax.Array], jax.Array]) -> Augmentation:
    """Adds std * N(0, 1) to real and generated examples (N, ...).

    The noise gives the two distributions a common support. Without one, a perfect discriminator has no useful gradient
    for the generator (Sonderby et al. 2016, arXiv 1610.04490, section 3; Arjovsky and Bottou 2017, arXiv 1701.04862,
    section 3).

    std: a number, or a function from the training step to a number, like a schedule of optax. It usually falls to 0.

    Raises ValueError for a negative std.

    >>> noise = augmentation.instance_noise(optax.linear_schedule(0.1, 0.0, 1000))
    >>> images, keys = jnp.zeros((4, 8, 8, 1)), jax.random.split(jax.random.key(0), 4)
    >>> [round(float(jnp.std(noise.apply(images, keys, (), step))), 1) for step in (0, 1000)]
    [0.1, 0.0]
    """
    if not callable(std):
        at_least(0, "the standard deviation of instance noise", std)

    def apply(images, keys, memory, step):
        now = std(step) if callable(std) else std
        return images + now * jax.vmap(lambda key: jax.random.normal(key, images.shape[1:]))(keys)

    return Augmentation(init=lambda: (), apply=apply)
