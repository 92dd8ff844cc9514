"""Layers that the networks share: thin Flax modules over the project's own convolutions, and batch normalization."""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax import parallel
from gan_jax.networks.convolution import conv, conv_transpose

Initializer = Callable[..., jax.Array]


class Conv(nn.Module):
    """A square convolution: (N, H, W, C) to (N, (H + 2 padding - kernel_size) // stride + 1, ..., features)."""

    features: int
    kernel_size: int
    stride: int = 1
    padding: int = 0
    use_bias: bool = True
    kernel_init: Initializer = nn.initializers.lecun_normal()

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shape = (self.kernel_size, self.kernel_size, x.shape[-1], self.features)
        y = conv(x, self.param("kernel", self.kernel_init, shape), self.stride, self.padding)
        return y + self.param("bias", nn.initializers.zeros, (self.features,)) if self.use_bias else y


class ConvTranspose(nn.Module):
    """A square transposed convolution: (N, h, w, C) to (N, (h - 1) stride + kernel_size - 2 padding, ..., features).

    The kernel, (k, k, features, C), is that of the convolution that it transposes, as PyTorch has it.
    """

    features: int
    kernel_size: int
    stride: int = 1
    padding: int = 0
    use_bias: bool = True
    kernel_init: Initializer = nn.initializers.lecun_normal(in_axis=-1, out_axis=-2)

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shape = (self.kernel_size, self.kernel_size, self.features, x.shape[-1])
        y = conv_transpose(x, self.param("kernel", self.kernel_init, shape), self.stride, self.padding)
        return y + self.param("bias", nn.initializers.zeros, (self.features,)) if self.use_bias else y


class BatchNorm(nn.Module):
    """Batch normalization (Ioffe and Szegedy, arXiv 1502.03167) over the batch of all devices.

    In training (`train=True`) it uses the batch's own mean and variance and updates the running ones in the collection
    "batch_stats" with `momentum`; otherwise it uses the running ones.
    """

    train: bool
    momentum: float = 0.9
    epsilon: float = 1e-5
    scale_init: Initializer = nn.initializers.ones

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return nn.BatchNorm(
            use_running_average=not self.train,
            momentum=self.momentum,
            epsilon=self.epsilon,
            scale_init=self.scale_init,
            axis_name=parallel.AXIS if parallel.axis_is_bound() else None,
        )(x)


def leaky_relu(x: jax.Array) -> jax.Array:
    """LeakyReLU with the slope 0.2 that GANs use (arXiv 1511.06434, section 4)."""
    return jnp.where(x >= 0, x, 0.2 * x)
