"""Reconstruction by the discriminator: its feature maps must keep enough of a real image to make it again."""

import jax.numpy as jnp

from gan_jax.common.checks import at_least
from gan_jax.regularizers.base import Regularizer, View, head, stateless


def reconstruct_real(weight: float = 1.0) -> Regularizer:
    """weight * sum_k E_x[|r_k(x) - o_k(x)|], where |.| is the mean of the absolute values of an image.

    This is the self-supervision of FastGAN's discriminator (Liu et al. 2021, arXiv 2101.04775, equation 4). Its heads
    "reconstructions" and "originals" are r and o (N, K, H, W, C), of K images for each real one. See
    `networks.fastgan_discriminator`. The authors compare images by LPIPS, in features of a trained VGG, and add up the
    distances over the batch. Here images are compared by their pixels, and the weight is not theirs.

    Raises ValueError for a negative weight.

    >>> output = {"reconstructions": jnp.zeros((4, 2, 8, 8, 3)), "originals": 0.5 * jnp.ones((4, 2, 8, 8, 3))}
    >>> real = regularizers.Judged(None, output, None, None)
    >>> view = regularizers.View({}, None, real, None, None, step=0, key=None)
    >>> round(float(regularizers.reconstruct_real().apply(view, ())[0]), 4)  # 0.5 for each of 2 images
    1.0
    """
    at_least(0, "the weight of reconstruct_real", weight)

    def penalty(view: View):
        made, originals = (head(view.real.output, name) for name in ("reconstructions", "originals"))
        return weight * jnp.sum(jnp.mean(jnp.abs(made - originals), (0, 2, 3, 4)))

    return stateless("reconstruct_real", penalty)
