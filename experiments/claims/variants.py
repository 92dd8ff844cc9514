"""DCGAN's networks for images of 8x8, in which each rule of the paper can be broken alone (arXiv 1511.06434).

With the default arguments they are `networks.dcgan`, parameter by parameter.
"""

from collections.abc import Callable
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.layers import (
    Conv,
    ConvTranspose,
    Dense,
    GaussianNoise,
    Normalization,
    UpConv,
    batch_norm,
    initializers,
    leaky_relu,
)

Activation = Callable[[jax.Array], jax.Array]
UNITS = 128  # of a fully connected layer


class Generator(nn.Module):
    """Maps latents (N, L) to images (N, 8, 8, 1) in [-1, 1].

    strides: if not, pixels are repeated before a convolution. connected: whether there is a fully connected layer.
    """

    width: int
    strides: bool = True
    normalization: Normalization = batch_norm
    connected: bool = False
    activation: Activation = nn.relu
    output: Activation = jnp.tanh

    @nn.compact
    def __call__(self, latents: jax.Array, train: bool) -> jax.Array:
        norm, kernels = self.normalization.features, self.normalization.weights
        how = {"kernel_init": initializers.weights, "weights": kernels and partial(kernels, train)}
        bias = self.normalization.conv_bias

        def after(x: jax.Array) -> jax.Array:
            return self.activation(norm(train, initializers.scales)(x) if norm else x)

        def twice(x: jax.Array, features: int, use_bias: bool) -> jax.Array:
            if self.strides:
                return ConvTranspose(features, 4, stride=2, padding=1, use_bias=use_bias, **how)(x)
            return UpConv(features, 3, use_bias=use_bias, **how)(x)

        x = self.activation(Dense(UNITS, **how)(latents)) if self.connected else latents
        x = after(ConvTranspose(2 * self.width, 2, use_bias=bias, **how)(x[:, None, None]))
        x = after(twice(x, self.width, bias))
        return self.output(twice(x, 1, True))


class Discriminator(nn.Module):
    """Maps images (N, 8, 8, C) in [-1, 1] to logits (N,) of being real.

    strides: if not, the maximum of four pixels follows a convolution. connected: whether there is a fully connected
    layer. noise: the standard deviation of noise that is added after each hidden layer. unit_range: whether it sees the
    images in [0, 1].
    """

    width: int
    strides: bool = True
    normalization: Normalization = batch_norm
    connected: bool = False
    activation: Activation = leaky_relu
    noise: float = 0.0
    unit_range: bool = False

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> jax.Array:
        norm, kernels = self.normalization.features, self.normalization.weights
        how = {"kernel_init": initializers.weights, "weights": kernels and partial(kernels, train)}

        def after(x: jax.Array) -> jax.Array:
            x = self.activation(x)
            return GaussianNoise(self.noise, train)(x) if self.noise else x

        def half(x: jax.Array, features: int, use_bias: bool) -> jax.Array:
            if self.strides:
                return Conv(features, 4, stride=2, padding=1, use_bias=use_bias, **how)(x)
            n, h, w, _ = x.shape
            x = Conv(features, 3, padding=1, use_bias=use_bias, **how)(x)
            return jnp.max(x.reshape(n, h // 2, 2, w // 2, 2, features), (2, 4))

        x = after(half((images + 1) / 2 if self.unit_range else images, self.width, True))
        x = half(x, 2 * self.width, self.normalization.conv_bias)
        x = after(norm(train, initializers.scales)(x) if norm else x)
        if self.connected:
            x = after(Dense(UNITS, **how)(x.reshape(len(x), -1)))[:, None, None]
        return Conv(1, x.shape[1:3], **how)(x)[:, 0, 0, 0]
