"""The networks of BigGAN (Brock, Donahue and Simonyan 2019, arXiv 1809.11096, appendix B, and the authors' code).

SNGAN's residual networks, made wide. The latents come in chunks: one makes the smallest map, and each block of the
generator has another one (skip-z). Its batch normalization has a scale and a bias that are linear in that chunk and in
an embedding of the class, which all blocks share. All kernels are spectrally normalized, maps of one size attend to
themselves, and the discriminator is a projection discriminator. `biggan_deep` has the deep form.

Features are multiples of `width`. The authors' networks have a width of 96 for ImageNet, and of 64 for CIFAR-10, there
without attention. Smaller images have the networks of 32x32, with fewer blocks that double the sides.
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
    Conv,
    Dense,
    DownConv,
    ModulatedBatchNorm,
    PooledSelfAttention,
    SpectralNorm,
    UpConv,
    Weights,
    take_by_label,
)
from gan_jax.networks.ops import downsample, upsample

orthogonal = nn.initializers.orthogonal()


class Stages(NamedTuple):
    """The features of both networks' maps, as multiples of `width`.

    up: of the generator, from the smallest map on. Each further map has twice the sides. down: of the discriminator,
    from the images on. The first `halvings` blocks halve the sides.
    """

    up: tuple[int, ...]
    down: tuple[int, ...]
    halvings: int

    @property
    def divisions(self) -> int:
        """How often both sides of the images must be divisible by 2."""
        return max(len(self.up) - 1, self.halvings)


_STAGES = {
    8: Stages((4, 4), (4, 4, 4, 4), 2),
    16: Stages((4, 4, 4), (4, 4, 4, 4), 2),
    32: Stages((4, 4, 4, 4), (4, 4, 4, 4), 2),
    64: Stages((16, 16, 8, 4, 2), (1, 2, 4, 8, 16), 4),
    128: Stages((16, 16, 8, 4, 2, 1), (1, 2, 4, 8, 16, 16), 5),
    256: Stages((16, 16, 8, 8, 4, 2, 1), (1, 2, 4, 8, 8, 16, 16), 6),
}


def stages_of(resolution: Resolution) -> tuple[Stages, int, int]:
    """Returns the stages for images of the resolution, and height and width of the generator's smallest map.

    Raises ValueError for sides below 8, or that the blocks cannot halve.
    """

    def stages(smaller_side: int) -> Stages:
        return _STAGES[min(max(_STAGES), 2 ** (smaller_side.bit_length() - 1))]

    height, width, divisions = scales("BigGAN", resolution, lambda smaller: stages(smaller).divisions)
    found = stages(min(height, width) << divisions)
    more = divisions - len(found.up) + 1  # the discriminator may halve once more
    return found, height << more, width << more


def attends(x: jax.Array, side: int) -> bool:
    """Whether maps x (N, H, W, C) are those whose smaller side is `side`, or less than twice as long."""
    return side <= min(size_of(x)) < 2 * side


class Generator(nn.Module):
    """Maps latents (N, latent_size) to images (N, height, width, channels) in (-1, 1).

    `resolution` is the side of square images, or (height, width). Call it as (latents, train), or with `classes` as
    (latents, labels, train), where labels are int32 (N,), whose embeddings have the size `embedding`. Maps with a
    smaller side of `attention`, or less than twice as long, have self-attention, if a block makes such ones.

    Raises ValueError for sides below 8, or that the blocks cannot halve. The sides must be multiples of 4 if the
    smaller one is below 32, of 8 if it is below 64, of 16 if it is below 128, of 32 if it is below 256, else of 64.
    Raises it too for latents that cannot be split into equal chunks, of which there is one more than there are blocks.
    """

    resolution: Resolution
    channels: int
    width: int = 96
    classes: int | None = None
    embedding: int = 128
    attention: int = 64

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array | None = None, *, train: bool) -> jax.Array:
        stages, height, width = stages_of(self.resolution)
        base, *others = (multiple * self.width for multiple in stages.up)
        weights = partial(SpectralNorm, train)
        first, *chunks = _chunks(latents, len(stages.up))
        x = Dense(height * width * base, kernel_init=orthogonal, weights=weights)(first)
        x = x.reshape(-1, height, width, base)
        known = embedded(self, labels, self.classes, self.embedding)
        for features, chunk in zip(others, chunks, strict=True):
            x = _Up(features, train)(x, jnp.concatenate([*known, chunk], -1))
            if attends(x, self.attention):
                x = PooledSelfAttention(weights)(x)
        return ToImages(self.channels, train)(x)


def _chunks(latents: jax.Array, count: int) -> list[jax.Array]:
    size = latents.shape[-1]
    if size % count or not size:
        near = count * max(1, round(size / count))
        raise ValueError(f"BigGAN splits these latents into {count} equal chunks: give {near} numbers, not {size}")
    return jnp.split(latents, count, -1)


def embedded(module: nn.Module, labels: jax.Array | None, classes: int | None, size: int) -> list[jax.Array]:
    """The embeddings (N, size) of labels (N,), in a list that is empty without `classes`.

    They are not spectrally normalized, which the authors found to harm the generator.
    """
    check_labels(labels, classes)
    if labels is None or classes is None:
        return []
    return [take_by_label(module.param("embedding", orthogonal, (classes, size)), labels)]


def check_labels(labels: jax.Array | None, classes: int | None) -> None:
    """Raises ValueError unless there are labels where there are `classes`, and only there."""
    if (labels is None) != (classes is None):
        raise ValueError("a network of BigGAN takes labels if it has `classes`, and only then")


class Discriminator(nn.Module):
    """Maps images (N, H, W, C) in [-1, 1] to logits (N,) of being real.

    Call it as (images, train), or with `classes` as (images, labels, train), where labels are int32 (N,). `attention`
    is as in the generator.

    Raises ValueError for images of the sizes that the generator cannot make.
    """

    width: int = 96
    classes: int | None = None
    attention: int = 64

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array | None = None, *, train: bool) -> jax.Array:
        stages, *_ = stages_of(size_of(images))
        weights, x = partial(SpectralNorm, train), images
        for number, multiple in enumerate(stages.down):
            x = _Down(multiple * self.width, weights, first=number == 0, halve=number < stages.halvings)(x)
            if attends(x, self.attention) and number < stages.halvings:
                x = PooledSelfAttention(weights)(x)
        return ProjectedLogits(self.classes, weights)(x, labels)


class ToImages(nn.Module):
    """The generator's last layers, which make images (N, H, W, channels) in (-1, 1) of maps (N, H, W, C)."""

    channels: int
    train: bool

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        layer = partial(Conv, kernel_init=orthogonal, weights=partial(SpectralNorm, self.train))
        return jnp.tanh(layer(self.channels, 3, padding=1)(nn.relu(BatchNorm(self.train)(x))))


class ProjectedLogits(nn.Module):
    """The discriminator's logits (N,): a linear function of the features phi summed over the pixels of x (N, H, W, C).

    With `classes`, <embed(y), phi> is added for labels y (N,) (Miyato and Koyama 2018, arXiv 1802.05637, equation 3).
    """

    classes: int | None
    weights: Weights

    @nn.compact
    def __call__(self, x: jax.Array, labels: jax.Array | None) -> jax.Array:
        check_labels(labels, self.classes)
        x = jnp.sum(nn.relu(x), (1, 2))
        self.sow("intermediates", "features", x)
        y = Dense(1, kernel_init=orthogonal, weights=self.weights)(x)[:, 0]
        if labels is None or self.classes is None:
            return y
        table = self.weights()(self.param("embedding", orthogonal, (self.classes, x.shape[-1])), 0)
        return y + jnp.sum(take_by_label(table, labels).astype(x.dtype) * x, -1)


# The 1x1 convolutions of the shortcuts come before upsampling and after downsampling. They commute with both, so the
# function is the same, and they see a quarter of the pixels.


class _Up(nn.Module):
    """A residual block that doubles the sides of x (N, H, W, C) and is modulated by codes (N, L)."""

    features: int
    train: bool

    @nn.compact
    def __call__(self, x: jax.Array, codes: jax.Array) -> jax.Array:
        weights = partial(SpectralNorm, self.train)
        norm = partial(ModulatedBatchNorm, self.train, orthogonal, weights)
        y = UpConv(self.features, 3, kernel_init=orthogonal, weights=weights)(nn.relu(norm()(x, codes)))
        y = Conv(self.features, 3, padding=1, kernel_init=orthogonal, weights=weights)(nn.relu(norm()(y, codes)))
        return y + upsample(Conv(self.features, 1, kernel_init=orthogonal, weights=weights, name="shortcut")(x))


class _Down(nn.Module):
    """A residual block of the discriminator. The first one sees images, so it does not start with a ReLU."""

    features: int
    weights: Weights
    first: bool
    halve: bool

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        layer = partial(Conv, kernel_init=orthogonal, weights=self.weights)
        last = (
            partial(DownConv, kernel_init=orthogonal, weights=self.weights) if self.halve else partial(layer, padding=1)
        )
        y = layer(self.features, 3, padding=1)(x if self.first else nn.relu(x))
        y = last(self.features, 3)(nn.relu(y))
        beside = downsample(x) if self.halve else x
        if self.halve or x.shape[-1] != self.features:
            beside = layer(self.features, 1, name="shortcut")(beside)
        return y + beside
