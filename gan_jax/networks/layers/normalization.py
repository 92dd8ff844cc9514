"""Normalization of features, of batches and of each example, and of weights.

All compute in float32, whatever `computing` says, and return the type that they were given. Not Flax's: its reshapes of
the vectors keep XLA from seeing that a pass that is differentiated and one that is not (the fakes of D's move and of
G's) are the same computation, and they run twice; they return float32 for bfloat16; and its SpectralNorm and
WeightNorm take the last axis of a kernel for its features', which in a `ConvTranspose` it is not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.common import parallel
from gan_jax.networks.layers.linear import Initializer, of_labels
from gan_jax.networks.ops.channel_sums import along, centred_and_scaled, mean, standardized


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
        scale = self.param("scale", self.scale_init, x.shape[-1:])
        bias = self.param("bias", nn.initializers.zeros, x.shape[-1:])
        return _batch_normalized(self, x, scale, bias)


class ConditionalBatchNorm(nn.Module):
    """Batch normalization whose scale and bias are those of each example's class: (N, ..., C), labels int32 (N,).

    (Dumoulin, Shlens and Kudlur, arXiv 1610.07629, section 2.2; de Vries et al., arXiv 1707.00683.) The statistics are
    of the whole batch, whatever its labels: see `BatchNorm`.
    """

    classes: int
    train: bool
    momentum: float = 0.9
    epsilon: float = 1e-5

    @nn.compact
    def __call__(self, x: jax.Array, labels: jax.Array) -> jax.Array:
        shape = (self.classes, x.shape[-1])
        scales = self.param("scale", nn.initializers.ones, shape)
        biases = self.param("bias", nn.initializers.zeros, shape)
        return _batch_normalized(self, x, of_labels(scales, labels), of_labels(biases, labels))


def _batch_normalized(
    module: BatchNorm | ConditionalBatchNorm, x: jax.Array, scale: jax.Array, bias: jax.Array
) -> jax.Array:
    """With a scale and bias (C,), or for every example (N, C)."""
    dtype, x = x.dtype, x.astype(jnp.float32)
    running_mean = module.variable("batch_stats", "mean", jnp.zeros, x.shape[-1:])
    running_var = module.variable("batch_stats", "var", jnp.ones, x.shape[-1:])
    average, var = running_mean.value, running_var.value
    if module.train:
        average, square = parallel.mean_over_devices((mean(x), mean(x * x)))
        var = jnp.maximum(square - average * average, 0)  # rounding may leave it below 0
        if not module.is_initializing():
            running_mean.value = module.momentum * running_mean.value + (1 - module.momentum) * average
            running_var.value = module.momentum * running_var.value + (1 - module.momentum) * var

    # Written so that the images are passed over once, and twice in the gradient: y = slope x + intercept.
    slope = jax.lax.rsqrt(var + module.epsilon) * scale
    return (x * along(slope, x) + along(bias - average * slope, x)).astype(dtype)


class LayerNorm(nn.Module):
    """Layer normalization (Ba, Kiros and Hinton, arXiv 1607.06450): each example (N, ..., C) by its mean and variance.

    They are taken over all places and channels; scale and bias are (C,).
    """

    epsilon: float = 1e-5
    scale_init: Initializer = nn.initializers.ones

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        over_all = partial(jnp.mean, axis=tuple(range(1, x.ndim)), keepdims=True)
        y, _ = centred_and_scaled(x.astype(jnp.float32), self.epsilon, over_all)
        return _scaled_and_shifted(self, y).astype(x.dtype)


class InstanceNorm(nn.Module):
    """Instance normalization (Ulyanov, Vedaldi and Lempitsky, arXiv 1607.08022): each channel of each image alone.

    Images (N, H, W, C); scale and bias are (C,), and there are none with `affine=False`.
    """

    epsilon: float = 1e-5
    scale_init: Initializer = nn.initializers.ones
    affine: bool = True

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        y = standardized(x.astype(jnp.float32), self.epsilon)
        return (_scaled_and_shifted(self, y) if self.affine else y).astype(x.dtype)


def _scaled_and_shifted(module: LayerNorm | InstanceNorm, x: jax.Array) -> jax.Array:
    scale = module.param("scale", module.scale_init, x.shape[-1:])
    bias = module.param("bias", nn.initializers.zeros, x.shape[-1:])
    return x * along(scale, x) + along(bias, x)


def pixel_norm(x: jax.Array, epsilon: float = 1e-8) -> jax.Array:
    """Each pixel's features (..., C) over the root of their mean square.

    (Karras et al., arXiv 1710.10196, section 4.2.)
    """
    wide = x.astype(jnp.float32)
    return (wide * jax.lax.rsqrt(jnp.mean(wide * wide, -1, keepdims=True) + epsilon)).astype(x.dtype)


class SpectralNorm(nn.Module):
    """A kernel over its spectral norm (Miyato et al., arXiv 1802.05957), as `weights` of a layer.

    The spectral norm is that of the kernel as a matrix W (features, all the rest), estimated by power iteration
    (algorithm 1): v = W^T u / |W^T u|, u = W v / |W v|, sigma = u^T W v. The vector u is in the collection "spectral";
    every training pass makes one iteration, and a discriminator passes twice in a move. Gradients flow through
    W / sigma with u and v held fixed. Otherwise (`train=False`) sigma is |W^T u| with the u that there is.
    """

    train: bool

    @nn.compact
    def __call__(self, kernel: jax.Array, axis: int) -> jax.Array:
        matrix = jnp.moveaxis(kernel, axis, -1).reshape(-1, kernel.shape[axis])  # the transpose of W
        held = jax.lax.stop_gradient(matrix)
        vector = self.variable("spectral", "u", lambda: _draw_direction(self.make_rng("params"), kernel.shape[axis]))
        u = _direction(vector.value)  # an average of networks is one of their vectors, too short
        v = _direction(held @ u)
        if self.train:
            u = _direction(v @ held)
            if not self.is_initializing():
                vector.value = u
        return kernel / (v @ matrix @ u)


def _draw_direction(key: jax.Array, size: int) -> jax.Array:
    return _direction(jax.random.normal(key, (size,)))


def _direction(x: jax.Array) -> jax.Array:
    return x / jnp.maximum(jnp.linalg.norm(x), 1e-12)


class WeightNorm(nn.Module):
    """Weight normalization (Salimans and Kingma, arXiv 1602.07868, equation 2), as `weights` of a layer.

    The kernel of each feature is scale * kernel / |kernel|. The scale (features,) starts as the kernel's own norm.
    """

    @nn.compact
    def __call__(self, kernel: jax.Array, axis: int) -> jax.Array:
        rest = tuple(i for i in range(kernel.ndim) if i != axis % kernel.ndim)
        norm = jnp.sqrt(jnp.sum(kernel * kernel, rest, keepdims=True))
        scale = self.param("scale", lambda key: norm.ravel())
        return kernel * (scale.reshape(norm.shape) / norm)


@dataclass(frozen=True)
class Normalization:
    """How a network normalizes, as one field of it.

    features: (train, scale_init) -> the layer after a convolution, or None for none.
    weights: train -> the module that kernels go through, or None for none.
    conv_bias: whether a convolution before `features` has a bias. It needs none where `features` adds its own.
    """

    features: Callable[[bool, Initializer], nn.Module] | None = None
    weights: Callable[[bool], nn.Module] | None = None
    conv_bias: bool = True


no_norm = Normalization()
batch_norm = Normalization(features=lambda train, scale_init: BatchNorm(train, scale_init=scale_init), conv_bias=False)
layer_norm = Normalization(features=lambda train, scale_init: LayerNorm(scale_init=scale_init), conv_bias=False)
instance_norm = Normalization(features=lambda train, scale_init: InstanceNorm(scale_init=scale_init), conv_bias=False)
# Without a scale and bias, as the networks of CycleGAN have it.
plain_instance_norm = Normalization(features=lambda train, scale_init: InstanceNorm(affine=False))
weight_norm = Normalization(weights=lambda train: WeightNorm())
spectral_norm = Normalization(weights=SpectralNorm)
