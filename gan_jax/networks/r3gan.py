"""The networks of R3GAN (Huang et al. 2024, arXiv 2501.05441, section 3, and the authors' code).

Residual blocks as in ResNeXt, without normalization: a 1x1 convolution to twice the features, a grouped convolution of
3x3, and a 1x1 convolution back. The last one starts as zero, and the others are scaled down by the number of blocks
(fix-up initialization), so that a deep network starts tame. Maps are doubled and halved by a fixed filter.

The stage of maps with a smaller side s, which is 4 to 7 in the smallest, has `width` features up to s = 32, and half as
many for each further doubling. The paper's networks for CIFAR-10 are those with a width of 768, and so are those of
FFHQ at 64x64 and 256x256.
"""

import math
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.data import Resolution
from gan_jax.networks.image_sizes import scales_from_four, size_of
from gan_jax.networks.layers import Conv, Dense, GroupedConv, leaky_relu, take_by_label
from gan_jax.networks.ops import cast, downsample_smooth, upsample_smooth

_EXPANSION, _GROUP = 2, 16  # times the features inside a block, and the channels of a group
_LAYERS = 3  # linear ones in a block
_GAIN = math.sqrt(2 / (1 + 0.2**2))  # of LeakyReLU


def _scaled(gain: float = 1.0) -> nn.initializers.Initializer:
    """Normal, with a standard deviation of gain / sqrt(fan in)."""
    return nn.initializers.variance_scaling(gain**2, "fan_in", "normal") if gain else nn.initializers.zeros


def _stages(resolution: Resolution, width: int) -> tuple[int, int, list[int]]:
    """Height and width of the smallest maps, and the features of each stage from there on.

    Raises ValueError for sides below 8, or that cannot be halved so often, and unless the features are multiples of 8.
    """
    height, wide, doublings = scales_from_four("R3GAN", resolution)
    features = [width // max(1, 2**i // 8) for i in range(doublings + 1)]
    if features[-1] % (_GROUP // _EXPANSION) or features[-1] < _GROUP // _EXPANSION:
        raise ValueError(f"R3GAN's stages need multiples of {_GROUP // _EXPANSION} features, not {features[-1]}")
    return height, wide, features


class Generator(nn.Module):
    """Maps latents (N, latent_size) to images (N, height, width, channels), without bounds.

    `resolution` is the side of square images, or (height, width). Each stage has `blocks` residual blocks. Call it as
    (latents, train), or with `classes` as (latents, labels, train), where labels are int32 (N,): an embedding of the
    label, as long as the latent, is put beside it. A negative label has an embedding of zeros.

    Raises ValueError for sides below 8 or that cannot be halved down to 4 to 7, and for a width without groups.
    """

    resolution: Resolution
    channels: int
    width: int = 768
    blocks: int = 2
    classes: int | None = None

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array | None = None, *, train: bool) -> jax.Array:
        del train
        height, width, stages = _stages(self.resolution, self.width)
        block = partial(_Block, gain=_block_gain(self.blocks * len(stages)))
        x = latents
        if self.classes is not None:
            x = jnp.concatenate([x, _embedded(self, labels, self.classes, latents.shape[-1])], -1)
        basis = self.param("basis", nn.initializers.normal(1.0), (height, width, stages[0]))
        x, basis = cast(Dense(stages[0], use_bias=False, kernel_init=_scaled())(x), basis)
        x = x[:, None, None, :] * basis
        for number, features in enumerate(stages):
            if number:
                x = upsample_smooth(_with_features(x, features))
            for _ in range(self.blocks):
                x = block()(x)
        return Conv(self.channels, 1, use_bias=False, kernel_init=_scaled())(x)


class Discriminator(nn.Module):
    """Maps images (N, H, W, C) in [-1, 1] to logits (N,) of being real.

    The stages are those of the generator. Call it as (images, train), or with `classes` as (images, labels, train):
    then the logit is the product of the features with an embedding of the label (Miyato and Koyama 2018, arXiv
    1802.05637, without its other part).

    Raises ValueError as the generator does.
    """

    width: int = 768
    blocks: int = 2
    classes: int | None = None

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array | None = None, *, train: bool) -> jax.Array:
        del train
        *_, stages = _stages(size_of(images), self.width)
        block = partial(_Block, gain=_block_gain(self.blocks * len(stages)))
        x = Conv(stages[-1], 1, use_bias=False, kernel_init=_scaled())(images)
        for number in reversed(range(len(stages))):
            for _ in range(self.blocks):
                x = block()(x)
            if number:
                x = _with_features(downsample_smooth(x), stages[number - 1])
        _, high, wide, features = x.shape
        scale = nn.initializers.normal(1 / math.sqrt(high * wide))
        x, basis = cast(x, self.param("basis", scale, (high, wide, features)))
        x = jnp.sum(x * basis, (1, 2))
        self.sow("intermediates", "features", x)
        size = 1 if self.classes is None else self.width
        y = Dense(size, use_bias=False, kernel_init=_scaled())(x)
        if self.classes is not None:
            y = jnp.sum(y * _embedded(self, labels, self.classes, size, 1 / math.sqrt(size)), -1, keepdims=True)
        return y[:, 0]


class _Block(nn.Module):
    """x + f(x), where f has three convolutions. `gain` is the scale of the first two."""

    gain: float

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        features = x.shape[-1]
        inside = _EXPANSION * features
        y = Conv(inside, 1, kernel_init=_scaled(self.gain))(x)
        y = GroupedConv(inside, 3, inside // _GROUP, kernel_init=_scaled(self.gain))(leaky_relu(y))
        return x + Conv(features, 1, use_bias=False, kernel_init=_scaled(0))(leaky_relu(y))


def _block_gain(blocks: int) -> float:
    return _GAIN * blocks ** (-1 / (2 * _LAYERS - 2))


def _with_features(x: jax.Array, features: int) -> jax.Array:
    """A 1x1 convolution, if the number of features changes."""
    return x if x.shape[-1] == features else Conv(features, 1, use_bias=False, kernel_init=_scaled())(x)


def _embedded(module: nn.Module, labels: jax.Array | None, classes: int, size: int, gain: float = 1.0) -> jax.Array:
    """The embeddings (N, size) of labels (N,)."""
    if labels is None:
        raise ValueError("a network with `classes` takes labels")
    (table,) = cast(module.param("embedding", nn.initializers.normal(gain / math.sqrt(classes)), (classes, size)))
    return take_by_label(table, labels)
