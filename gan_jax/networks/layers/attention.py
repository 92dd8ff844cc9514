"""Self-attention between the pixels of an image."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.layers.linear import Conv, Weights
from gan_jax.networks.ops import cast


class SelfAttention(nn.Module):
    """Self-attention of SAGAN (Zhang et al., arXiv 1805.08318, section 3). It keeps the shape of images (N, H, W, C).

    beta_ji = softmax_i(f(x_i)^T g(x_j)), o_j = v(sum_i beta_ji h(x_i)), y = gamma o + x (equations 1 to 3). f, g and h
    are 1x1 convolutions to C / 8 features, and v is one back to C. gamma is 0 at first, so that the layer starts as the
    identity.

    weights: a module that transforms the kernels of the convolutions. In SAGAN it is `partial(SpectralNorm, train)`.
    """

    weights: Weights | None = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        count, height, width, channels = x.shape
        layer = partial(Conv, kernel_size=1, use_bias=False, weights=self.weights)
        fewer = max(1, channels // 8)
        f, g, h = (layer(fewer, name=name)(x).reshape(count, height * width, fewer) for name in "fgh")
        scores = jnp.einsum("nic,njc->nji", f, g, preferred_element_type=jnp.float32)
        (beta,) = cast(jax.nn.softmax(scores))
        o = layer(channels, name="v")((beta @ h).reshape(count, height, width, fewer))
        (gamma,) = cast(self.param("gamma", nn.initializers.zeros, ()))
        return gamma * o + x.astype(o.dtype)
