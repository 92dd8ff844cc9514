"""The discriminator of Projected GAN (Sauer et al. 2021, arXiv 2111.01007, and the authors' code).

It sees images through a network that was trained on ImageNet and does not change, EfficientNet-lite0. Its feature maps
of four sizes are mixed by random convolutions, over channels and then over scales, and each mixture has its own small
discriminator. So real and generated images are compared in features that mean something from the first step on.
"""

import math
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.layers import BatchNorm, Conv, SpectralNorm, leaky_relu
from gan_jax.networks.ops import cast
from gan_jax.networks.pretrained.efficientnet import efficientnet_params
from gan_jax.networks.pretrained.efficientnet_network import EfficientNetLite0

# Stages of EfficientNet whose maps have a fourth, an eighth, ... of the side, from 0 on.
_STAGES = (1, 2, 4, 6)
# Features of a discriminator's maps, from those that are judged back to the largest.
_FEATURES = (512, 256, 128, 64, 64)
_SMALLEST = 128


class Discriminator(nn.Module):
    """Maps images (N, H, W, 1 or 3) in [-1, 1] to logits (N, L) of being real, of all four discriminators together.

    Images are resized to `side` pixels, bilinearly. The authors have 224 for images below, which costs three times as
    much as the smallest one, 128, and has 16 times as many logits. The pretrained network and the random convolutions,
    whose first one has `mixed` features, are in the collection "frozen".

    Raises ValueError for a side below 128 or that is no multiple of 32, and UsageError if the pretrained network is not
    installed.
    """

    side: int = 224
    mixed: int = 64

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> jax.Array:
        if self.side < _SMALLEST or self.side % 32:
            raise ValueError(f"Projected GAN sees images at a multiple of 32 pixels from 128 on, not {self.side}")
        maps = self._mixed(self._seen(images))
        logits = [_Judge(4 - i)(x, train) for i, x in enumerate(maps)]
        return jnp.concatenate(logits, -1)

    def _seen(self, images: jax.Array) -> list[jax.Array]:
        """Four feature maps of the pretrained network, from the largest one on."""
        count = len(images)
        enlarged = jax.image.resize(images, (count, self.side, self.side, images.shape[-1]), "bilinear")
        shown = jnp.broadcast_to(enlarged, (*enlarged.shape[:3], 3))
        params = self.variable("frozen", "pretrained", lambda: jax.tree.map(jnp.asarray, efficientnet_params())).value
        _, sown = EfficientNetLite0().apply({"params": params}, shown, mutable=["intermediates"])
        stages = list(sown["intermediates"]["stages"])
        return [stages[stage] for stage in _STAGES]

    def _mixed(self, maps: list[jax.Array]) -> list[jax.Array]:
        """Mixtures over channels and scales, of twice the sides, from the largest one on."""
        own = [self._random(f"channels_{i}", x, self.mixed * 2**i) for i, x in enumerate(maps)]
        found: list[jax.Array] = []
        for i in reversed(range(len(own))):
            x = own[i] if not found else found[-1] + own[i]
            features = x.shape[-1] // (2 if i else 1)
            found.append(self._random(f"scales_{i}", _doubled(x), features))
        return found[::-1]

    def _random(self, name: str, x: jax.Array, features: int) -> jax.Array:
        """A 1x1 convolution with random weights that stay."""
        limit, before = 1 / math.sqrt(x.shape[-1]), x.shape[-1]

        def draw(shape: tuple[int, ...]) -> Any:
            return jax.random.uniform(self.make_rng("params"), shape, minval=-limit, maxval=limit)

        kernel = self.variable("frozen", f"{name}_kernel", draw, (before, features)).value
        bias = self.variable("frozen", f"{name}_bias", draw, (features,)).value
        x, kernel, bias = cast(x, kernel, bias)
        return x @ kernel + bias


class _Judge(nn.Module):
    """Halves feature maps `halvings` times, and judges patches of 4x4 of what is left. Returns logits (N, L)."""

    halvings: int

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        weights = partial(SpectralNorm, train)
        for features in _FEATURES[: self.halvings][::-1]:
            x = Conv(features, 4, stride=2, padding=1, weights=weights)(x)
            x = leaky_relu(BatchNorm(train)(x))
        return Conv(1, 4, use_bias=False, weights=weights)(x).reshape(len(x), -1)


def _doubled(x: jax.Array) -> jax.Array:
    """Twice the sides, linearly between the centres of the pixels at the corners."""
    for axis in (1, 2):
        size = x.shape[axis]
        places = jnp.linspace(0, size - 1, 2 * size)
        shares = jnp.maximum(0, 1 - jnp.abs(places[:, None] - jnp.arange(size)))  # of each pixel in each new one
        x, shares = cast(x, shares)
        x = jnp.moveaxis(jnp.tensordot(shares, x, (1, axis)), 0, axis)
    return x
