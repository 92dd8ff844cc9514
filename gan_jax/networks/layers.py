"""Layers that the networks share: thin Flax modules over the project's own convolutions, and batch normalization."""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax import parallel
from gan_jax.networks.computing import cast
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
        x, kernel = cast(x, self.param("kernel", self.kernel_init, shape))
        y = conv(x, kernel, self.stride, self.padding)
        return _with_bias(self, y) if self.use_bias else y


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
        x, kernel = cast(x, self.param("kernel", self.kernel_init, shape))
        y = conv_transpose(x, kernel, self.stride, self.padding)
        return _with_bias(self, y) if self.use_bias else y


def _with_bias(module: nn.Module, y: jax.Array) -> jax.Array:
    (bias,) = cast(module.param("bias", nn.initializers.zeros, y.shape[-1:]))
    return y + _along(bias, y)


class BatchNorm(nn.Module):
    """Batch normalization (Ioffe and Szegedy, arXiv 1502.03167) over the batch of all devices.

    In training (`train=True`) it uses the batch's own mean and variance and updates the running ones in the collection
    "batch_stats" with `momentum`; otherwise it uses the running ones. It computes in float32.
    """

    train: bool
    momentum: float = 0.9
    epsilon: float = 1e-5
    scale_init: Initializer = nn.initializers.ones

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        # Not flax.linen.BatchNorm: its reshapes of the vectors keep XLA from seeing that a pass that is differentiated
        # and one that is not (the fakes of D's move and of G's) are the same computation, and they run twice.
        dtype, x = x.dtype, x.astype(jnp.float32)
        vector = x.shape[-1:]
        scale = self.param("scale", self.scale_init, vector)
        bias = self.param("bias", nn.initializers.zeros, vector)
        running_mean = self.variable("batch_stats", "mean", jnp.zeros, vector)
        running_var = self.variable("batch_stats", "var", jnp.ones, vector)
        mean, var = running_mean.value, running_var.value
        if self.train:
            mean, square = parallel.mean_over_devices((_mean(x), _mean(x * x)))
            var = jnp.maximum(square - mean * mean, 0)  # rounding may leave it below 0
            if not self.is_initializing():
                running_mean.value = self.momentum * running_mean.value + (1 - self.momentum) * mean
                running_var.value = self.momentum * running_var.value + (1 - self.momentum) * var

        # Written so that the images are passed over once, and twice in the gradient: y = slope x + intercept.
        slope = jax.lax.rsqrt(var + self.epsilon) * scale
        return (x * _along(slope, x) + _along(bias - mean * slope, x)).astype(dtype)


# A vector (C,) to every place of images, and its transpose. For large images on CPU both are products with a vector of
# ones: XLA's matrix product sums a long axis several times faster than its reduction.
_LARGE = 2**20


def _by_products(x: jax.Array) -> bool:
    return x.size >= _LARGE and jax.default_backend() == "cpu"


def _along(vector: jax.Array, x: jax.Array) -> jax.Array:
    """A vector (C,) at every place of x (..., C)."""
    if _by_products(x):
        ones = jnp.ones((x.size // x.shape[-1], 1), x.dtype)
        return (ones @ vector[None]).reshape(x.shape)
    return jax.lax.broadcast_in_dim(vector, x.shape, (x.ndim - 1,))


def _mean(x: jax.Array) -> jax.Array:
    """The mean of x (..., C) over all but the last axis."""
    if _by_products(x):
        rows = x.reshape(-1, x.shape[-1])
        return (jnp.full((1, len(rows)), 1 / len(rows), x.dtype) @ rows)[0]
    return jnp.mean(x, tuple(range(x.ndim - 1)))


def leaky_relu(x: jax.Array) -> jax.Array:
    """LeakyReLU with the slope 0.2 that GANs use (arXiv 1511.06434, section 4)."""
    return jnp.where(x >= 0, x, 0.2 * x)
