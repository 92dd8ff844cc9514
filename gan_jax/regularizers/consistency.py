"""Consistency regularization: the discriminator's output should not change under augmentation."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from gan_jax.common.checks import at_least
from gan_jax.common.parallel import example_keys
from gan_jax.regularizers.base import Judged, Regularizer, View, logits, stateless


def consistency(
    augment: Callable[[jax.Array, jax.Array], jax.Array], weight_real: float = 10.0, weight_fake: float = 10.0
) -> Regularizer:
    """weight_real E_x[(D(T(x)) - D(x))^2] + weight_fake E_z[(D(T(G(z))) - D(G(z)))^2], where D are the logits.

    This is balanced consistency regularization (bCR; Zhao et al. 2020, arXiv 2002.04724, algorithm 1). Its first term
    alone is that of Zhang et al. 2019 (arXiv 1910.12027).

    augment: the augmentation T, (images (N, H, W, C), keys (N,)) -> images. D learns to ignore it.

    Raises ValueError for a negative weight.

    >>> penalty = regularizers.consistency(lambda images, keys: images + 1, weight_real=10.0, weight_fake=5.0)
    >>> x = jnp.zeros((4, 2))
    >>> judged = regularizers.Judged(x, x[:, 0], lambda x: x[:, 0], None)  # its output changes by 1
    >>> view = regularizers.View({}, None, judged, judged, None, step=0, key=jax.random.key(0))
    >>> float(penalty.apply(view, ())[0])
    15.0
    """
    at_least(0, "the weight of consistency on real images", weight_real)
    at_least(0, "the weight of consistency on generated images", weight_fake)

    def penalty(view: View) -> jax.Array:
        def change(judged: Judged, i: int) -> jax.Array:
            keys = example_keys(jax.random.fold_in(view.key, i), len(judged.images))
            changed = judged.discriminate(augment(judged.images, keys))
            return jnp.mean(jnp.square(logits(changed) - logits(judged.output)))

        return weight_real * change(view.real, 0) + weight_fake * change(view.fake, 1)

    return stateless("consistency", penalty)
