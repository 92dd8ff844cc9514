"""Fully connected networks for points, and those of the original GAN (arXiv 1406.2661) for images."""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.layers import Dense, Dropout
from gan_jax.networks.ops import cast


class Generator(nn.Module):
    """Maps latents (N, latent_size) to points (N, dimensions). The hidden layers use ReLU."""

    dimensions: int = 2
    hidden: tuple[int, ...] = (128, 128)

    @nn.compact
    def __call__(self, latents: jax.Array, train: bool) -> jax.Array:
        del train
        return _Layers((*self.hidden, self.dimensions))(latents)


class Discriminator(nn.Module):
    """Maps points (N, dimensions) to logits (N,) of being real. The hidden layers use ReLU.

    With several `outputs`, for other heads (see `layers.heads`), the result is (N, outputs).
    """

    hidden: tuple[int, ...] = (128, 128)
    outputs: int = 1

    @nn.compact
    def __call__(self, points: jax.Array, train: bool) -> jax.Array:
        del train
        y = _Layers((*self.hidden, self.outputs))(points)
        return y[:, 0] if self.outputs == 1 else y


class _Layers(nn.Module):
    features: tuple[int, ...]

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        (x,) = cast(x)
        for features in self.features[:-1]:
            x = nn.relu(nn.Dense(features, dtype=x.dtype)(x))
        self.sow("intermediates", "features", x)
        return nn.Dense(self.features[-1], dtype=x.dtype)(x)


class ImageGenerator(nn.Module):
    """Maps latents (N, latent_size) to images (N, *image_shape) in (-1, 1). The hidden layers use ReLU.

    This is the generator of Goodfellow et al. (arXiv 1406.2661, section 5), except that theirs ends in a sigmoid, since
    its images are in (0, 1).
    """

    image_shape: tuple[int, int, int]
    hidden: tuple[int, ...] = (1200, 1200)

    @nn.compact
    def __call__(self, latents: jax.Array, train: bool) -> jax.Array:
        del train
        images = jnp.tanh(_Layers((*self.hidden, math.prod(self.image_shape)))(latents))
        return images.reshape(-1, *self.image_shape)


class ImageDiscriminator(nn.Module):
    """Maps images (N, H, W, C) in [-1, 1] to logits (N,) of being real.

    This is the discriminator of Goodfellow et al. (arXiv 1406.2661, section 5). The hidden layers have maxout units
    and dropout: a unit is the maximum of `pieces` linear functions (Goodfellow et al., arXiv 1302.4389). With several
    `outputs`, for other heads (see `layers.heads`), the result is (N, outputs).

    dropout: the rates for the images and for each hidden layer.
    """

    hidden: tuple[int, ...] = (240, 240)
    pieces: int = 5
    dropout: tuple[float, float] = (0.2, 0.5)
    outputs: int = 1

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> jax.Array:
        image_rate, hidden_rate = self.dropout
        x = Dropout(image_rate, train)(images.reshape(len(images), -1))
        for units in self.hidden:
            x = jnp.max(Dense(units * self.pieces)(x).reshape(len(x), units, self.pieces), -1)
            x = Dropout(hidden_rate, train)(x)
        self.sow("intermediates", "features", x)
        y = Dense(self.outputs)(x)
        return y[:, 0] if self.outputs == 1 else y
