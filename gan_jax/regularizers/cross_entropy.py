"""The cross-entropy between images and their targets, pixel by pixel, for games that translate to maps."""

import jax
import jax.numpy as jnp

from gan_jax.common.checks import at_least
from gan_jax.regularizers.base import Regularizer, stateless

# Below the rounding of tanh near its ends, where the logarithm would not be finite.
_LEAST = 1e-6


def cross_entropy(targets: jax.Array, images: jax.Array) -> jax.Array:
    """The mean over all pixels of -t log p - (1 - t) log(1 - p), where t and p are the values moved to [0, 1].

    Both arrays are (N, H, W, C) in [-1, 1]. p is kept 1e-6 away from 0 and 1.

    >>> white, gray = jnp.ones((1, 2, 2, 1)), jnp.zeros((1, 2, 2, 1))
    >>> round(float(regularizers.cross_entropy(white, gray)), 4)  # log 2
    0.6931
    """
    truth, made = ((x + 1) / 2 for x in (targets, images))
    made = jnp.clip(made, _LEAST, 1 - _LEAST)
    return -jnp.mean(truth * jnp.log(made) + (1 - truth) * jnp.log1p(-made))


def target_cross_entropy(weight: float = 1.0) -> Regularizer:
    """weight times the `cross_entropy` of the targets and the generated images, for the generator of `pix2pix`.

    Source: the content loss of SalGAN, Pan et al. 2017 (arXiv 1701.01081), equations 2 and 4. Raises ValueError for a
    negative weight.

    >>> white, gray = jnp.ones((1, 2, 2, 1)), jnp.zeros((1, 2, 2, 1))
    >>> targets, made = (regularizers.Judged(images, None, None, None) for images in (white, gray))
    >>> view = regularizers.View({}, None, targets, made, None, step=0, key=None)
    >>> round(float(regularizers.target_cross_entropy(10.0).apply(view, ())[0]), 4)  # 10 log 2
    6.9315
    """
    at_least(0, "the weight of target_cross_entropy", weight)
    return stateless("cross_entropy", lambda view: weight * cross_entropy(view.real.images, view.fake.images))
