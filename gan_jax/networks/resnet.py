"""The residual networks of SNGAN (Miyato et al., arXiv 1802.05957, appendix B.4), for 8x8 to 64x64 images.

The networks for 32x32 are those of table 3 of the paper, with a `width` of 256 in the generator and 128 in the
discriminator. For 64x64, with a `width` of 64 in both, they are those of the authors' code, which lie between tables 4
and 5. For 8x8 and 16x16 the generator of 32x32 has fewer blocks, since it doubles the side from 4x4 on.

With `classes` they are the networks of Miyato and Koyama (arXiv 1802.05637): the generator has conditional batch
normalization, and the discriminator is the projection discriminator. Weights are drawn as in the authors' code: Glorot
uniform, with a gain of sqrt(2) in the residual branches.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.layers import (
    BatchNorm,
    ConditionalBatchNorm,
    Conv,
    Dense,
    DownConv,
    SpectralNorm,
    UpConv,
    Weights,
    take_by_label,
)
from gan_jax.networks.ops import downsample, upsample

_glorot = nn.initializers.glorot_uniform()
_residual_glorot = nn.initializers.variance_scaling(2.0, "fan_avg", "uniform")

# By resolution: the features of the generator's blocks that double the side, as multiples of `width`; the features of
# the discriminator's blocks that halve it; and the number of further blocks in the discriminator.
_UP_MULTIPLES = {8: (1,), 16: (1, 1), 32: (1, 1, 1), 64: (8, 4, 2, 1)}
_DOWN_MULTIPLES = {8: (1, 1), 16: (1, 1), 32: (1, 1), 64: (1, 2, 4, 8, 16)}
_EXTRA_BLOCKS = {8: 2, 16: 2, 32: 2, 64: 0}


def _check_resolution(resolution: int) -> None:
    if resolution not in _UP_MULTIPLES:
        raise ValueError(f"the residual networks are built for a resolution of 8, 16, 32 or 64, not {resolution}")


def _check_labels(labels: jax.Array | None, classes: int | None) -> None:
    if (labels is None) != (classes is None):
        raise ValueError("a residual network takes labels if it has `classes`, and only then")


class Generator(nn.Module):
    """Maps latents (N, latent_size) to images (N, resolution, resolution, channels) in (-1, 1).

    Call it as (latents, train), or with `classes` as (latents, labels, train), where labels are int32 (N,).

    Raises ValueError for a resolution other than 8, 16, 32 or 64.
    """

    resolution: int
    channels: int
    width: int = 256
    classes: int | None = None

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array | None = None, *, train: bool) -> jax.Array:
        _check_labels(labels, self.classes)
        _check_resolution(self.resolution)
        base = self.width * (16 if self.resolution == 64 else 1)
        x = Dense(4 * 4 * base, kernel_init=_glorot)(latents).reshape(len(latents), 4, 4, base)
        for multiple in _UP_MULTIPLES[self.resolution]:
            x = _Up(multiple * self.width, self.classes, train)(x, labels)
        x = nn.relu(BatchNorm(train)(x))
        return jnp.tanh(Conv(self.channels, 3, padding=1, kernel_init=_glorot)(x))


class Discriminator(nn.Module):
    """Maps images (N, resolution, resolution, channels) in [-1, 1] to logits (N,) of being real.

    All weights are spectrally normalized. Call it as (images, train), or with `classes` as (images, labels, train),
    where labels are int32 (N,). Then <embed(y), phi(x)> is added to the logit (arXiv 1802.05637, equation 3), where
    phi(x) are the features summed over all pixels. With several `outputs`, for other heads (see `layers.heads`), the
    result is (N, outputs), and the first output is the logit.

    Raises ValueError for a resolution other than 8, 16, 32 or 64.
    """

    width: int = 128
    outputs: int = 1
    classes: int | None = None

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array | None = None, *, train: bool) -> jax.Array:
        _check_labels(labels, self.classes)
        resolution, weights = images.shape[1], partial(SpectralNorm, train)
        _check_resolution(resolution)
        first, *others = _DOWN_MULTIPLES[resolution]
        x = _First(first * self.width, weights)(images)
        for multiple in others:
            x = _Down(multiple * self.width, weights)(x)
        for _ in range(_EXTRA_BLOCKS[resolution]):
            x = _Beside(weights)(x)
        x = jnp.sum(nn.relu(x), (1, 2))
        self.sow("intermediates", "features", x)
        y = Dense(self.outputs, kernel_init=_glorot, weights=weights)(x)
        if self.classes is not None and labels is not None:
            y = y.at[:, 0].add(_Projection(self.classes, weights)(x, labels))
        return y[:, 0] if self.outputs == 1 else y


class _Projection(nn.Module):
    """Returns <embed(y), phi(x)>, (N,), for features phi(x) (N, F) and labels y (N,)."""

    classes: int
    weights: Weights

    @nn.compact
    def __call__(self, features: jax.Array, labels: jax.Array) -> jax.Array:
        table = self.weights()(self.param("embedding", _glorot, (self.classes, features.shape[-1])), -1)
        return jnp.sum(take_by_label(table, labels).astype(features.dtype) * features, -1)


# The 1x1 convolutions of the shortcuts come before upsampling and after downsampling. They commute with both, so the
# function is the same, and they see a quarter of the pixels.


class _Up(nn.Module):
    features: int
    classes: int | None
    train: bool

    @nn.compact
    def __call__(self, x: jax.Array, labels: jax.Array | None) -> jax.Array:
        def norm(x):
            if self.classes is None or labels is None:
                return BatchNorm(self.train)(x)
            return ConditionalBatchNorm(self.classes, self.train)(x, labels)

        y = UpConv(self.features, 3, kernel_init=_residual_glorot)(nn.relu(norm(x)))
        y = Conv(self.features, 3, padding=1, kernel_init=_residual_glorot)(nn.relu(norm(y)))
        return y + upsample(Conv(self.features, 1, kernel_init=_glorot, name="shortcut")(x))


class _First(nn.Module):
    """The discriminator's first block. It sees images, so it does not start with a ReLU."""

    features: int
    weights: Weights

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        y = Conv(self.features, 3, padding=1, kernel_init=_residual_glorot, weights=self.weights)(x)
        y = DownConv(self.features, 3, kernel_init=_residual_glorot, weights=self.weights)(nn.relu(y))
        return y + Conv(self.features, 1, kernel_init=_glorot, weights=self.weights, name="shortcut")(downsample(x))


class _Down(nn.Module):
    features: int
    weights: Weights

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        y = Conv(x.shape[-1], 3, padding=1, kernel_init=_residual_glorot, weights=self.weights)(nn.relu(x))
        y = DownConv(self.features, 3, kernel_init=_residual_glorot, weights=self.weights)(nn.relu(y))
        return y + Conv(self.features, 1, kernel_init=_glorot, weights=self.weights, name="shortcut")(downsample(x))


class _Beside(nn.Module):
    """A block that keeps the side and the number of features."""

    weights: Weights

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        layer = partial(Conv, x.shape[-1], 3, padding=1, kernel_init=_residual_glorot, weights=self.weights)
        y = layer()(nn.relu(x))
        return x + layer()(nn.relu(y))
