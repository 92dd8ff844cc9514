"""Adaptive discriminator augmentation (Karras et al. 2020, arXiv 2006.06676).

It augments just enough to keep the discriminator from overfitting: gan(..., augmentation=ada())
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from gan_jax.augmentation.ada_transforms import bgc
from gan_jax.augmentation.base import Augmentation
from gan_jax.common.checks import at_least
from gan_jax.common.parallel import device_count, mean_over_devices

Transform = Callable[[jax.Array, jax.Array, jax.Array], jax.Array]


def ada(transform: Transform = bgc, *, target: float = 0.6, interval: int = 4, images: float = 500_000) -> Augmentation:
    """Augments with a probability p that depends on how much the discriminator overfits (section 3).

    The measure of overfitting is r_t = E[sign(D~(x))] over the augmented real images of `interval` minibatches. It is 0
    without overfitting, and 1 if D recognizes every real image (equation 1). After each interval, p increases by a
    fixed step if r_t > `target`, and decreases otherwise. It starts at 0 and stays in [0, 1]. In the authors' code it
    can exceed 1, which has no effect on images.

    Args:
      transform: (image (H, W, C) in [-1, 1], key, p) -> image.
      target: the value of r_t to aim for.
      interval: the number of minibatches between changes of p.
      images: the number of real images, over all devices, in which p can rise from 0 to 1.

    Logs p as "augmentation_p", and the last r_t as "sign(D(x))". Raises ValueError for an interval or images below 1,
    or a target below -1.

    >>> adaptive = augmentation.ada(interval=1, images=100)
    >>> memory = adaptive.update(adaptive.init(), jnp.ones(4), 4, 0)  # all of 4 real images are recognized
    >>> {name: round(float(value), 4) for name, value in adaptive.metrics(memory).items()}
    {'augmentation_p': 0.04, 'sign(D(x))': 1.0}
    """
    at_least(1, "the interval of ADA", interval)
    at_least(1, "the images in which ADA's p rises to 1", images)
    at_least(-1, "the target of ADA", target)

    def init():
        return {
            "p": jnp.zeros(()),
            "r": jnp.zeros(()),
            "batches": jnp.zeros((), jnp.int32),  # the number of batches in this interval so far
            "signs": jnp.zeros(()),  # the sum of the mean signs of these batches
        }

    def apply(real_or_fake, keys, memory, step):
        return jax.vmap(transform, in_axes=(0, 0, None))(real_or_fake, keys, memory["p"])

    def update(memory, real_logits, count, step):
        batches = memory["batches"] + 1
        signs = memory["signs"] + mean_over_devices(jnp.mean(jnp.sign(real_logits)))
        r = signs / interval
        stride = interval * count * device_count() / images
        p = jnp.clip(memory["p"] + stride * jnp.sign(r - target), 0, 1)
        measured = {"p": p, "r": r, "batches": jnp.zeros_like(batches), "signs": jnp.zeros_like(signs)}
        waiting = {**memory, "batches": batches, "signs": signs}
        return jax.tree.map(lambda a, b: jnp.where(batches == interval, a, b), measured, waiting)

    def metrics(memory):
        return {"augmentation_p": memory["p"], "sign(D(x))": memory["r"]}

    return Augmentation(init, apply, update, metrics)
