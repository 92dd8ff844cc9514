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
        layer, channels = _layer(self.weights), x.shape[-1]
        f, g, h = (layer(max(1, channels // 8), name=name)(x) for name in "fgh")
        return _added(self, layer(channels, name="v")(_attended(f, g, h)), x)


class PooledSelfAttention(nn.Module):
    """Self-attention as in the code of SAGAN and BigGAN, which is not that of SAGAN's paper.

    It differs from `SelfAttention` in that h has C / 2 features, and in that f and h are the largest values in blocks
    of 2x2 pixels: each pixel attends to a quarter of the places. (Brock et al. 2019, arXiv 1809.11096, authors' code.)

    Raises ValueError for maps with an odd side.
    """

    weights: Weights | None = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        (_, height, width, channels), layer = x.shape, _layer(self.weights)
        if height % 2 or width % 2:
            raise ValueError(f"pooled self-attention needs maps with even sides, not {height}x{width}")
        f, g = (layer(max(1, channels // 8), name=name)(x) for name in "fg")
        h = layer(max(1, channels // 2), name="h")(x)
        return _added(self, layer(channels, name="v")(_attended(_largest(f), g, _largest(h))), x)


def _layer(weights: Weights | None) -> partial[Conv]:
    return partial(Conv, kernel_size=1, use_bias=False, weights=weights)


def _largest(x: jax.Array) -> jax.Array:
    """The largest values of images (N, H, W, C) in blocks of 2x2 pixels."""
    count, height, width, channels = x.shape
    return jnp.max(x.reshape(count, height // 2, 2, width // 2, 2, channels), (2, 4))


def _attended(keys: jax.Array, queries: jax.Array, values: jax.Array) -> jax.Array:
    """For each pixel of `queries` (N, H, W, K) the mean of `values` (N, h, w, V), weighted by its products with `keys`.

    keys: (N, h, w, K). Returns (N, H, W, V).
    """
    f, g, h = (x.reshape(len(x), -1, x.shape[-1]) for x in (keys, queries, values))
    scores = jnp.einsum("nic,njc->nji", f, g, preferred_element_type=jnp.float32)
    (beta,) = cast(jax.nn.softmax(scores))
    return (beta @ h).reshape(*queries.shape[:-1], h.shape[-1])


def _added(module: nn.Module, o: jax.Array, x: jax.Array) -> jax.Array:
    (gamma,) = cast(module.param("gamma", nn.initializers.zeros, ()))
    return gamma * o + x.astype(o.dtype)
