"""Feature matching: the generator matches the means of the discriminator's features."""

import jax
import jax.numpy as jnp

from gan_jax.common.checks import at_least
from gan_jax.common.parallel import mean_over_devices
from gan_jax.regularizers.base import Regularizer, View, stateless


def feature_matching(weight: float = 1.0) -> Regularizer:
    """weight |E_x[f(x)] - E_z[f(G(z))]|^2 for the generator, where f are the discriminator's last hidden features.

    In Salimans et al. 2016 (arXiv 1606.03498, section 3.1) it is the whole loss of the generator, and the discriminator
    keeps its own objective. The means are over the batch of all devices. Raises ValueError for a negative weight, and
    at its first use if the discriminator sows no features.

    >>> images = jnp.ones((4, 3)), jnp.zeros((4, 3))
    >>> real, fake = (regularizers.Judged(x, None, None, lambda x: 2 * x) for x in images)
    >>> view = regularizers.View({}, None, real, fake, None, step=0, key=None)
    >>> float(regularizers.feature_matching().apply(view, ())[0])  # 2^2 for each of 3 features
    12.0
    """
    at_least(0, "the weight of feature_matching", weight)

    def penalty(view: View) -> jax.Array:
        real, fake = mean_over_devices(
            [jnp.mean(judged.features(judged.images), 0) for judged in (view.real, view.fake)]
        )
        return weight * jnp.sum(jnp.square(real - fake))

    return stateless("feature_matching", penalty)
