"""The networks of BigGAN-deep (Brock, Donahue and Simonyan 2019, arXiv 1809.11096, appendix B, and the authors' code).

Four times as deep as those of `biggan`, and with fewer parameters: there are two blocks of each size of maps, whose 3x3
convolutions have a quarter of the features. Shortcuts keep what they can: the generator's drop features where there are
to be fewer, and the discriminator's put new ones beside them. All latents and the embedding of the class modulate each
block. The authors' networks for ImageNet have a width of 128.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.data import Resolution
from gan_jax.networks.biggan import ProjectedLogits, ToImages, attends, embedded, orthogonal, stages_of
from gan_jax.networks.image_sizes import size_of
from gan_jax.networks.layers import (
    Conv,
    Dense,
    ModulatedBatchNorm,
    PooledSelfAttention,
    SpectralNorm,
    UpConv,
    Weights,
)
from gan_jax.networks.ops import downsample, upsample

_RATIO = 4  # features of a block by those of its 3x3 convolutions


def _check_width(width: int) -> None:
    if width < _RATIO or width % _RATIO:
        raise ValueError(f"BigGAN-deep's blocks need multiples of {_RATIO} features, so its width cannot be {width}")


class Generator(nn.Module):
    """Maps latents (N, latent_size) to images (N, height, width, channels) in (-1, 1).

    It is called as `biggan.Generator`, and has the same fields. Raises ValueError for sides of images as that does, and
    for a width that is no multiple of 4.
    """

    resolution: Resolution
    channels: int
    width: int = 128
    classes: int | None = None
    embedding: int = 128
    attention: int = 64

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array | None = None, *, train: bool) -> jax.Array:
        _check_width(self.width)
        stages, height, width = stages_of(self.resolution)
        base, *others = (multiple * self.width for multiple in stages.up)
        weights = partial(SpectralNorm, train)
        codes = jnp.concatenate([*embedded(self, labels, self.classes, self.embedding), latents], -1)
        x = Dense(height * width * base, kernel_init=orthogonal, weights=weights)(codes)
        x = x.reshape(-1, height, width, base)
        for features in others:
            x = _Up(x.shape[-1], train, double=False)(x, codes)
            x = _Up(features, train, double=True)(x, codes)
            if attends(x, self.attention):
                x = PooledSelfAttention(weights)(x)
        return ToImages(self.channels, train)(x)


class Discriminator(nn.Module):
    """Maps images (N, H, W, C) in [-1, 1] to logits (N,) of being real.

    It is called as `biggan.Discriminator`, and has the same fields. Raises ValueError for sides of images as that does,
    and for a width that is no multiple of 4.
    """

    width: int = 128
    classes: int | None = None
    attention: int = 64

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array | None = None, *, train: bool) -> jax.Array:
        _check_width(self.width)
        stages, *_ = stages_of(size_of(images))
        first, *others = (multiple * self.width for multiple in stages.down)
        weights = partial(SpectralNorm, train)
        x = Conv(first, 3, padding=1, kernel_init=orthogonal, weights=weights)(images)
        for number, features in enumerate(others):
            halve = number < stages.halvings
            x = _Down(features, weights, halve)(x)
            x = _Down(features, weights, halve=False)(x)
            if attends(x, self.attention) and halve:
                x = PooledSelfAttention(weights)(x)
        return ProjectedLogits(self.classes, weights)(x, labels)


class _Up(nn.Module):
    """A residual block of x (N, H, W, C) with at most C features, which is modulated by codes (N, L).

    With `double` it doubles the sides.
    """

    features: int
    train: bool
    double: bool

    @nn.compact
    def __call__(self, x: jax.Array, codes: jax.Array) -> jax.Array:
        fewer, weights = x.shape[-1] // _RATIO, partial(SpectralNorm, self.train)

        def active(y: jax.Array) -> jax.Array:
            return nn.relu(ModulatedBatchNorm(self.train, orthogonal, weights)(y, codes))

        layer = partial(Conv, kernel_init=orthogonal, weights=weights)
        same_sides = partial(layer, padding=1)
        second = partial(UpConv, kernel_init=orthogonal, weights=weights) if self.double else same_sides
        y = layer(fewer, 1)(active(x))
        y = second(fewer, 3)(active(y))
        y = same_sides(fewer, 3)(active(y))
        y = layer(self.features, 1)(active(y))
        x = x[..., : self.features]
        return y + (upsample(x) if self.double else x)


class _Down(nn.Module):
    """A residual block of x (N, H, W, C) with at least C features. With `halve` it halves the sides."""

    features: int
    weights: Weights
    halve: bool

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        before, fewer = x.shape[-1], self.features // _RATIO
        layer = partial(Conv, kernel_init=orthogonal, weights=self.weights)
        y = layer(fewer, 1)(nn.relu(x))
        for _ in range(2):
            y = layer(fewer, 3, padding=1)(nn.relu(y))
        y, x = (downsample(each) if self.halve else each for each in (nn.relu(y), x))
        y = layer(self.features, 1)(y)
        if self.features != before:
            x = jnp.concatenate([x, layer(self.features - before, 1, name="shortcut")(x)], -1)
        return y + x
