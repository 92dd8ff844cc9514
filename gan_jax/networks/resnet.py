"""The residual networks of SNGAN (Miyato et al., arXiv 1802.05957, appendix B.4), for images from 8x8 pixels on.

The networks for 32x32 are those of table 3 of the paper, with a `width` of 256 in the generator and 128 in the
discriminator. For 64x64, with a `width` of 64 in both, they are those of the authors' code, which lie between tables 4
and 5. For 8x8 and 16x16 the generator of 32x32 has fewer blocks, since it doubles the side from 4x4 on. For 128x128
they are those of the authors' code for ImageNet (arXiv 1802.05637), again with a `width` of 64. For 256x256 and 512x512
the features are those of BigGAN (Brock, Donahue and Simonyan, arXiv 1809.11096, appendix B), without its attention.

Sizes between have the networks of the power of two below, by their smaller side, with larger feature maps. So images of
48x48 come from maps of 6x6, and those of 64x96 from 4x6. Larger images than 512x512 have the networks of that size.

With `classes` they are the networks of Miyato and Koyama (arXiv 1802.05637): the generator has conditional batch
normalization, and the discriminator is the projection discriminator. Weights are drawn as in the authors' code: Glorot
uniform, with a gain of sqrt(2) in the residual branches.
"""

from functools import partial
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.data import Resolution
from gan_jax.networks.image_sizes import scales, size_of
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


class _Blocks(NamedTuple):
    """The blocks of both networks, with their features as multiples of `width`.

    base: the features of the generator's smallest map. up: those of its blocks, which double the sides. down: those of
    the discriminator's blocks that halve the sides. beside: the number of its further blocks.
    """

    base: int
    up: tuple[int, ...]
    down: tuple[int, ...]
    beside: int

    @property
    def halvings(self) -> int:
        """How often both sides of the images must be divisible by 2."""
        return max(len(self.up), len(self.down))


_BLOCKS = {
    8: _Blocks(1, (1,), (1, 1), 2),
    16: _Blocks(1, (1, 1), (1, 1), 2),
    32: _Blocks(1, (1, 1, 1), (1, 1), 2),
    64: _Blocks(16, (8, 4, 2, 1), (1, 2, 4, 8, 16), 0),
    128: _Blocks(16, (16, 8, 4, 2, 1), (1, 2, 4, 8, 16), 1),
    256: _Blocks(16, (16, 8, 8, 4, 2, 1), (1, 2, 4, 8, 8, 16), 1),
    512: _Blocks(16, (16, 8, 8, 4, 2, 1, 1), (1, 1, 2, 4, 8, 8, 16), 1),
}


def _blocks(smaller_side: int) -> _Blocks:
    return _BLOCKS[min(max(_BLOCKS), 2 ** (smaller_side.bit_length() - 1))]


def _blocks_and_map(resolution: Resolution) -> tuple[_Blocks, int, int]:
    """Returns the blocks for images of the resolution, and height and width of the generator's smallest map."""
    height, width, halvings = scales("SNGAN's residual networks", resolution, lambda smaller: _blocks(smaller).halvings)
    blocks = _blocks(min(height, width) << halvings)
    more = halvings - len(blocks.up)  # the discriminator may halve once more
    return blocks, height << more, width << more


def _check_labels(labels: jax.Array | None, classes: int | None) -> None:
    if (labels is None) != (classes is None):
        raise ValueError("a residual network takes labels if it has `classes`, and only then")


class Generator(nn.Module):
    """Maps latents (N, latent_size) to images (N, height, width, channels) in (-1, 1).

    `resolution` is the side of square images, or (height, width). Call it as (latents, train), or with `classes` as
    (latents, labels, train), where labels are int32 (N,).

    Raises ValueError for sides below 8, or that the blocks cannot halve. The sides must be multiples of 4 if the
    smaller one is below 32, of 8 if it is below 64, of 32 if it is below 256, of 64 if it is below 512, else of 128.
    """

    resolution: Resolution
    channels: int
    width: int = 256
    classes: int | None = None

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array | None = None, *, train: bool) -> jax.Array:
        _check_labels(labels, self.classes)
        blocks, height, width = _blocks_and_map(self.resolution)
        base = blocks.base * self.width
        x = Dense(height * width * base, kernel_init=_glorot)(latents).reshape(-1, height, width, base)
        for multiple in blocks.up:
            x = _Up(multiple * self.width, self.classes, train)(x, labels)
        x = nn.relu(BatchNorm(train)(x))
        return jnp.tanh(Conv(self.channels, 3, padding=1, kernel_init=_glorot)(x))


class Discriminator(nn.Module):
    """Maps images (N, H, W, C) in [-1, 1] to logits (N,) of being real.

    All weights are spectrally normalized. Call it as (images, train), or with `classes` as (images, labels, train),
    where labels are int32 (N,). Then <embed(y), phi(x)> is added to the logit (arXiv 1802.05637, equation 3), where
    phi(x) are the features summed over all pixels. With several `outputs`, for other heads (see `layers.heads`), the
    result is (N, outputs), and the first output is the logit.

    Raises ValueError for images of the sizes that the generator cannot make.
    """

    width: int = 128
    outputs: int = 1
    classes: int | None = None

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array | None = None, *, train: bool) -> jax.Array:
        _check_labels(labels, self.classes)
        weights, (blocks, *_) = partial(SpectralNorm, train), _blocks_and_map(size_of(images))
        first, *others = blocks.down
        x = _First(first * self.width, weights)(images)
        for multiple in others:
            x = _Down(multiple * self.width, weights)(x)
        for _ in range(blocks.beside):
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
