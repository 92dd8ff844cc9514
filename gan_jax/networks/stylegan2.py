"""The networks of StyleGAN2 (Karras et al. 2020, arXiv 1912.04958, and StyleGAN2-ADA, arXiv 2006.06676).

A generator with skip connections and a residual discriminator, as in the authors' PyTorch code. Maps with a smaller
side s have `width` features at the resolution of the images, twice as many for each halving, and `most` at most. The
authors have 16384 / s, up to 512, for images of 256x256 and below.
"""

import math
from itertools import pairwise

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.common.checks import at_least
from gan_jax.common.parallel import example_keys, mean_over_devices
from gan_jax.data import Resolution
from gan_jax.networks.image_sizes import Scales, scales_from_four, size_of
from gan_jax.networks.layers import PixelNoise, minibatch_stddev, pixel_norm
from gan_jax.networks.layers.equalized import EqualizedConv, EqualizedDense, ModulatedConv, scaled_leaky_relu
from gan_jax.networks.ops import cast, downsample_smooth, upsample_smooth

_MAPPING_RATE = 0.01
_AVERAGE = 0.995  # decay of the mean of w
_HALF = math.sqrt(0.5)


def feature_maps(resolution: Resolution) -> Scales:
    """The size of the smallest feature map, and how often its sides double up to those of the images.

    Raises ValueError for sides below 8, or that cannot be halved down to 4 to 7.
    """
    return scales_from_four("StyleGAN2", resolution)


def _features(width: int, most: int, doublings: int) -> list[int]:
    """The features of each size of maps, from the smallest one on."""
    at_least(1, "the width of StyleGAN2", width)
    at_least(1, "the most features of a layer", most)
    return [min(width << i, most) for i in reversed(range(doublings + 1))]


class Mapping(nn.Module):
    """Maps latents z (N, L) and labels int32 (N,), or one of them, to w (N, features).

    Raises ValueError if there are `classes` and no labels.
    """

    features: int
    layers: int
    classes: int | None = None

    @nn.compact
    def __call__(self, latents: jax.Array | None, labels: jax.Array | None = None) -> jax.Array:
        given = [] if latents is None else [pixel_norm(latents)]
        if self.classes is not None:
            if labels is None:
                raise ValueError("StyleGAN2 takes labels if it has `classes`")
            known = EqualizedDense(self.features, name="embedding")(jax.nn.one_hot(labels, self.classes))
            given.append(pixel_norm(known))
        x = jnp.concatenate(given, -1)
        for _ in range(self.layers):
            x = scaled_leaky_relu(EqualizedDense(self.features, _MAPPING_RATE)(x))
        return x


class Synthesis(nn.Module):
    """Maps ws (N, `layers`, W), a style for each layer, to images (N, height, width, channels), without bounds."""

    resolution: Resolution
    channels: int
    width: int
    most: int

    @property
    def layers(self) -> int:
        """The number of styles: one for each convolution, and one for the last layer of colours."""
        return 2 * feature_maps(self.resolution).doublings + 2

    @nn.compact
    def __call__(self, ws: jax.Array, train: bool) -> jax.Array:
        height, width, doublings = feature_maps(self.resolution)
        features = _features(self.width, self.most, doublings)
        start = self.param("start", nn.initializers.normal(1.0), (height, width, features[0]))
        x, ws = cast(jnp.broadcast_to(start, (len(ws), *start.shape)), ws)
        x = Layer(features[0])(x, ws[:, 0], train)
        image = ToColours(self.channels)(x, ws[:, 1])
        for i, count in enumerate(features[1:]):
            x = Layer(count, up=True)(x, ws[:, 2 * i + 1], train)
            x = Layer(count)(x, ws[:, 2 * i + 2], train)
            image = upsample_smooth(image) + ToColours(self.channels)(x, ws[:, 2 * i + 3])
        return image


class Layer(nn.Module):
    """A modulated convolution of 3x3, noise, a bias and LeakyReLU."""

    features: int
    up: bool = False

    @nn.compact
    def __call__(self, x: jax.Array, w: jax.Array, train: bool) -> jax.Array:
        styles = EqualizedDense(x.shape[-1], bias=1.0)(w)
        y = PixelNoise(train)(ModulatedConv(self.features, 3, self.up)(x, styles))
        (bias,) = cast(self.param("bias", nn.initializers.zeros, (self.features,)))
        return scaled_leaky_relu(y + bias)


class ToColours(nn.Module):
    """A modulated convolution of 1x1, without demodulation."""

    channels: int

    @nn.compact
    def __call__(self, x: jax.Array, w: jax.Array) -> jax.Array:
        styles = EqualizedDense(x.shape[-1], bias=1.0)(w)
        y = ModulatedConv(self.channels, 1, demodulate=False)(x, styles)
        (bias,) = cast(self.param("bias", nn.initializers.zeros, (self.channels,)))
        return y + bias


class Generator(nn.Module):
    """Maps latents (N, latent_size) to images (N, height, width, channels), without bounds.

    Call it as (latents, train), or with `classes` as (latents, labels, train), where labels are int32 (N,). In
    training, with the probability `mixing`, the styles from a random layer on are those of another latent, which is
    drawn from the stream "noise" (style mixing). The mean of w over training is kept, as "average" in the collection
    "batch_stats", and `truncation` is how far from it samples lie: 1 is as far as they are, and 0 is the mean itself.

    Raises ValueError as `feature_maps` does, and for a width or a number of features below 1.
    """

    resolution: Resolution
    channels: int
    width: int = 64
    most: int = 512
    style: int = 512
    mapping_layers: int = 8
    classes: int | None = None
    mixing: float = 0.9
    truncation: float = 1.0

    def setup(self):
        at_least(1, "the size of a style", self.style)
        self.mapping = Mapping(self.style, self.mapping_layers, self.classes)
        self.synthesis = Synthesis(self.resolution, self.channels, self.width, self.most)
        self.average = self.variable("batch_stats", "average", jnp.zeros, (self.style,))

    def __call__(self, latents: jax.Array, labels: jax.Array | None = None, *, train: bool) -> jax.Array:
        return self.synthesize(self.styles(latents, labels, train=train), train=train)

    def styles(self, latents: jax.Array, labels: jax.Array | None = None, *, train: bool) -> jax.Array:
        """The styles ws (N, layers, W) of latents."""
        w = self.mapping(latents, labels).astype(jnp.float32)
        layers = self.synthesis.layers
        if not train:
            w = self.average.value + self.truncation * (w - self.average.value)
            return jnp.repeat(w[:, None], layers, 1)
        if not self.is_initializing():
            mean = mean_over_devices(jnp.mean(jax.lax.stop_gradient(w), 0))
            self.average.value = _AVERAGE * self.average.value + (1 - _AVERAGE) * mean
        ws = jnp.repeat(w[:, None], layers, 1)
        if not self.mixing:
            return ws
        keys = example_keys(self.make_rng("noise"), len(latents))

        def draw(key: jax.Array) -> tuple[jax.Array, jax.Array]:
            other, place, chance = jax.random.split(key, 3)
            first = jax.random.randint(place, (), 1, layers)
            mixed = jax.random.bernoulli(chance, self.mixing)
            return jax.random.normal(other, latents.shape[1:]), jnp.where(mixed, first, layers)

        others, firsts = jax.vmap(draw)(keys)
        other = self.mapping(others, labels).astype(jnp.float32)
        return jnp.where((jnp.arange(layers) >= firsts[:, None])[..., None], other[:, None], ws)

    def synthesize(self, ws: jax.Array, *, train: bool) -> jax.Array:
        """The images of styles ws (N, layers, W)."""
        return self.synthesis(ws, train)


class Discriminator(nn.Module):
    """Maps images (N, H, W, C) in [-1, 1] to logits (N,) of being real.

    Call it as (images, train), or with `classes` as (images, labels, train). `group` is the size of the groups whose
    standard deviation D sees (see `minibatch_stddev`), or 0 for none.

    Raises ValueError as `feature_maps` does, and for a width or a number of features below 1.
    """

    width: int = 64
    most: int = 512
    group: int = 4
    classes: int | None = None
    mapping_layers: int = 8

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array | None = None, *, train: bool) -> jax.Array:
        del train
        *_, doublings = feature_maps(size_of(images))
        features = _features(self.width, self.most, doublings)[::-1]
        x = scaled_leaky_relu(EqualizedConv(features[0], 1)(images))
        for before, after in pairwise(features):
            beside = EqualizedConv(after, 1, use_bias=False)(downsample_smooth(x))
            y = scaled_leaky_relu(EqualizedConv(before, 3)(x))
            y = scaled_leaky_relu(EqualizedConv(after, 3, down=True)(y))
            x = _HALF * (beside + y)
        x = minibatch_stddev(x, self.group) if self.group else x
        x = scaled_leaky_relu(EqualizedConv(features[-1], 3)(x)).reshape(len(x), -1)
        x = scaled_leaky_relu(EqualizedDense(features[-1])(x))
        self.sow("intermediates", "features", x)
        if self.classes is None:
            return EqualizedDense(1)(x)[:, 0]
        y = EqualizedDense(features[-1])(x)
        known = Mapping(features[-1], self.mapping_layers, self.classes, name="mapping")(None, labels)
        return jnp.sum(y * known, -1) / math.sqrt(features[-1])
