"""The mutual information regularizer of InfoGAN (Chen et al. 2016, arXiv 1606.03657)."""

import math

import jax
import jax.numpy as jnp

from gan_jax.common.checks import at_least
from gan_jax.networks.latents import Codes
from gan_jax.regularizers.base import Regularizer, View, head, stateless


def mutual_information(codes: Codes, weight: float = 1.0, continuous_weight: float = 0.1) -> Regularizer:
    """-weight L_I, the regularizer of equation 6. Use it for both players, so that both maximize L_I.

    L_I = E[log Q(c|G(z, c))] + H(c) is a lower bound of the mutual information of the codes and the image (equation 5),
    in nats. It is at most log K for a categorical code with K categories. Q is given by the discriminator's heads
    `codes.heads`: logits of the categories, and means of Gaussians for the continuous codes. The Gaussians have unit
    variance, unless there is a head "log_deviations" of the same size, the logarithms of their standard deviations
    (section 6).

    Args:
      codes: the codes in the latents of the game, which `latents.with_codes` adds.
      weight: lambda of the categorical codes, 1 in the paper.
      continuous_weight: lambda of the continuous codes: "a smaller lambda is typically used", since their information
        is a differential entropy (section 6).

    Raises ValueError for negative weights.

    >>> from gan_jax.networks import dcgan
    >>> from gan_jax.networks.latents import Codes, normal, with_codes
    >>> from gan_jax.networks.layers import Heads
    >>> codes = Codes(categories=(4,))
    >>> latent = with_codes(normal(62), codes)
    >>> discriminator = Heads(dcgan.Discriminator(8, outputs=1 + codes.size), codes.heads)
    >>> fake = regularizers.Judged(None, {"category_0": 50 * jnp.eye(4)}, None, None)  # all codes are recognized
    >>> view = regularizers.View({}, jnp.eye(4), None, fake, None, step=0, key=None)
    >>> round(float(regularizers.mutual_information(codes).apply(view, ())[0]), 4)  # -log 4
    -1.3863
    """
    at_least(0, "the weight of the mutual information", weight)
    at_least(0, "the weight of the continuous codes", continuous_weight)

    def penalty(view: View) -> jax.Array:
        information = jnp.zeros(())
        for name, code in codes.extract(view.latents).items():
            guess = head(view.fake.output, name)
            if name == "means":
                learned = "log_deviations" in view.fake.output
                log_deviations = head(view.fake.output, "log_deviations") if learned else jnp.zeros_like(guess)
                likelihood = _gaussian_log_density(code, guess, log_deviations)
                # The entropy of a uniform code in [-1, 1) is log 2.
                information += continuous_weight * (jnp.mean(jnp.sum(likelihood, -1)) + codes.continuous * math.log(2))
            else:
                likelihood = jnp.sum(code * jax.nn.log_softmax(guess), -1)
                information += weight * (jnp.mean(likelihood) + math.log(code.shape[-1]))
        return -information

    return stateless("mutual_information", penalty)


def _gaussian_log_density(x: jax.Array, mean: jax.Array, log_deviation: jax.Array) -> jax.Array:
    z = (x - mean) * jnp.exp(-log_deviation)
    return -0.5 * jnp.square(z) - log_deviation - 0.5 * math.log(2 * math.pi)
