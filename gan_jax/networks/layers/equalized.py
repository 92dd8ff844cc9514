"""Layers with an equalized learning rate, and modulated convolutions: those of StyleGAN2.

Kernels are drawn from N(0, 1) and scaled by 1 / sqrt(fan in) whenever they are used. So Adam's steps, which do not
depend on the scale of gradients, are relative to the scale of each layer (Karras et al. 2018, arXiv 1710.10196, section
4.1).
"""

import math
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.layers.linear import leaky_relu
from gan_jax.networks.ops import cast, conv
from gan_jax.networks.ops.resizing import smooth_conv_downsample, smooth_upsample_conv

_normal = nn.initializers.normal


def scaled_leaky_relu(x: jax.Array) -> jax.Array:
    """LeakyReLU with slope 0.2, times sqrt(2), which keeps the scale of x."""
    return math.sqrt(2) * leaky_relu(x)


class EqualizedDense(nn.Module):
    """A linear layer from (N, C) to (N, features).

    `rate` multiplies the learning rate of this layer, and does not change its output at the start. `bias` is the bias
    at the start, in units of `rate`.
    """

    features: int
    rate: float = 1.0
    bias: float = 0.0

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        kernel = self.param("kernel", _normal(1 / self.rate), (x.shape[-1], self.features))
        bias = self.param("bias", nn.initializers.constant(self.bias), (self.features,))
        x, kernel, bias = cast(x, kernel * (self.rate / math.sqrt(x.shape[-1])), bias * self.rate)
        return x @ kernel + bias


class EqualizedConv(nn.Module):
    """A convolution of odd size from (N, H, W, C) to (N, H, W, features), or to half the sides with `down` (3x3)."""

    features: int
    kernel_size: int
    down: bool = False
    use_bias: bool = True

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shape = (self.kernel_size, self.kernel_size, x.shape[-1], self.features)
        kernel = self.param("kernel", _normal(1.0), shape)
        x, kernel = cast(x, kernel / math.sqrt(math.prod(shape[:3])))
        y = smooth_conv_downsample(x, kernel) if self.down else conv(x, kernel, padding=self.kernel_size // 2)
        if not self.use_bias:
            return y
        (bias,) = cast(self.param("bias", nn.initializers.zeros, (self.features,)))
        return y + bias


class ModulatedConv(nn.Module):
    """A convolution whose kernel is scaled for each image by styles of its input features.

    It maps images (N, H, W, C) and styles (N, C) to (N, H, W, features), or to twice the sides with `up` (3x3). With
    `demodulate`, each output feature of each image is scaled so that its variance is 1 if that of its input is. Without
    it, the kernel is scaled by 1 / sqrt(fan in). There is no bias.

    Source: Karras et al. 2020, "Analyzing and improving the image quality of StyleGAN" (arXiv 1912.04958), equations 1
    and 3. The scales are put on the feature maps before and after the convolution, which is the same.
    """

    features: int
    kernel_size: int
    up: bool = False
    demodulate: bool = True

    @nn.compact
    def __call__(self, x: jax.Array, styles: jax.Array) -> jax.Array:
        shape = (self.kernel_size, self.kernel_size, x.shape[-1], self.features)
        kernel, styles = self.param("kernel", _normal(1.0), shape), styles.astype(jnp.float32)
        convolved = smooth_upsample_conv if self.up else partial(conv, padding=self.kernel_size // 2)
        if self.demodulate:
            power = jnp.dot(jnp.square(styles), jnp.sum(jnp.square(kernel), (0, 1)), precision="highest")
            scales = jax.lax.rsqrt(power + 1e-8)
        else:
            styles, scales = styles / math.sqrt(math.prod(shape[:3])), jnp.ones((len(x), self.features))
        x, kernel, styles, scales = cast(x, kernel, styles, scales)
        return convolved(x * styles[:, None, None, :], kernel) * scales[:, None, None, :]
