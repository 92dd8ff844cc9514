"""Normalization of features, over the batch or over each example, and normalization of weights.

All layers compute in float32, regardless of `computing`, and return the type of their input. Flax's own layers are not
used, for three reasons. They reshape their vectors, so that XLA does not see that a differentiated pass and another one
(the generated images in D's update and in G's) are the same computation, and runs both. They return float32 for
bfloat16. Flax's SpectralNorm and WeightNorm assume that the output features are the last axis of a kernel, which is not
the case in a `ConvTranspose`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.common import parallel
from gan_jax.networks.layers.linear import Dense, Initializer, Weights, take_by_label
from gan_jax.networks.ops.channel_sums import broadcast_channels, channel_mean, standardize, standardize_by_mean


class BatchNorm(nn.Module):
    """Batch normalization (Ioffe and Szegedy, arXiv 1502.03167) over the batch of all devices.

    In training (`train=True`) it uses the mean and variance of the batch, and updates the running ones in the
    collection "batch_stats" with `momentum`. Otherwise it uses the running ones. The running variance is that of
    the batch itself, the biased one, as in Flax. PyTorch's is n / (n - 1) times as large, for n values of a channel.

    The variance is the mean square less the square of the mean, in float32. So it is as exact as float32 where the mean
    of a channel is some deviations, as after a convolution. Where it is larger, the result is off from float64 by 2e-5
    at 10 deviations, by 2e-3 at 100, and by 0.2 at 1,000. A variance about a value of the channel has 1e-6 at all of
    them, and costs a step of DCGAN 40% at 8x8 (experiments/benchmarks/README.md).
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
    """Batch normalization of x (N, ..., C) with a scale and bias for each class. Labels are int32 (N,).

    (Dumoulin, Shlens and Kudlur, arXiv 1610.07629, section 2.2; de Vries et al., arXiv 1707.00683.) The statistics are
    those of the whole batch, as in `BatchNorm`. Labels are below `classes` and at least 0: the result of another one,
    such as -1 for a hidden label, is 0.
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
        return _batch_normalized(self, x, take_by_label(scales, labels), take_by_label(biases, labels))


class ModulatedBatchNorm(nn.Module):
    """Batch normalization of x (N, ..., C), with a scale 1 + A c and a bias B c that are linear in codes c (N, L).

    (Brock et al. 2019, arXiv 1809.11096, appendix B: codes are an embedding of the class and a part of the latents.)
    `weights` is a module that transforms A and B.
    """

    train: bool
    kernel_init: Initializer = nn.initializers.lecun_normal()
    weights: Weights | None = None
    momentum: float = 0.9
    epsilon: float = 1e-5

    @nn.compact
    def __call__(self, x: jax.Array, codes: jax.Array) -> jax.Array:
        layer = partial(Dense, x.shape[-1], use_bias=False, kernel_init=self.kernel_init, weights=self.weights)
        scale, bias = (layer(name=name)(codes).astype(jnp.float32) for name in ("scale", "bias"))
        return _batch_normalized(self, x, 1 + scale, bias)


def _batch_normalized(
    module: BatchNorm | ConditionalBatchNorm | ModulatedBatchNorm, x: jax.Array, scale: jax.Array, bias: jax.Array
) -> jax.Array:
    """Normalizes x over the batch. `scale` and `bias` are (C,), or (N, C) for one of each per example."""
    dtype, x = x.dtype, x.astype(jnp.float32)
    running_mean = module.variable("batch_stats", "mean", jnp.zeros, x.shape[-1:])
    running_var = module.variable("batch_stats", "var", jnp.ones, x.shape[-1:])
    average, var = running_mean.value, running_var.value
    if module.train:
        average, square = parallel.mean_over_devices((channel_mean(x), channel_mean(x * x)))
        var = jnp.maximum(square - average * average, 0)  # rounding may make it negative
        module.sow("intermediates", "mean", average)  # for `functional.batch_statistics`
        module.sow("intermediates", "var", var)
        if not module.is_initializing():
            running_mean.value = module.momentum * running_mean.value + (1 - module.momentum) * average
            running_var.value = module.momentum * running_var.value + (1 - module.momentum) * var

    # In the form y = slope x + intercept, one pass over the images is enough, and two in the gradient.
    slope = jax.lax.rsqrt(var + module.epsilon) * scale
    return (x * broadcast_channels(slope, x) + broadcast_channels(bias - average * slope, x)).astype(dtype)


class LayerNorm(nn.Module):
    """Layer normalization (Ba, Kiros and Hinton, arXiv 1607.06450) of each example of x (N, ..., C).

    The mean and variance are taken over all pixels and channels. Scale and bias are (C,).
    """

    epsilon: float = 1e-5
    scale_init: Initializer = nn.initializers.ones

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        example_mean = partial(jnp.mean, axis=tuple(range(1, x.ndim)), keepdims=True)
        y, _ = standardize_by_mean(x.astype(jnp.float32), self.epsilon, example_mean)
        return _scaled_and_shifted(self, y).astype(x.dtype)


class InstanceNorm(nn.Module):
    """Instance normalization (Ulyanov, Vedaldi and Lempitsky, arXiv 1607.08022) of each channel of each image.

    Images are (N, H, W, C). Scale and bias are (C,), and there are none with `affine=False`.
    """

    epsilon: float = 1e-5
    scale_init: Initializer = nn.initializers.ones
    affine: bool = True

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        y = standardize(x.astype(jnp.float32), self.epsilon)
        return (_scaled_and_shifted(self, y) if self.affine else y).astype(x.dtype)


def _scaled_and_shifted(module: LayerNorm | InstanceNorm, x: jax.Array) -> jax.Array:
    scale = module.param("scale", module.scale_init, x.shape[-1:])
    bias = module.param("bias", nn.initializers.zeros, x.shape[-1:])
    return x * broadcast_channels(scale, x) + broadcast_channels(bias, x)


def pixel_norm(x: jax.Array, epsilon: float = 1e-8) -> jax.Array:
    """Divides the features of each pixel (..., C) by the root of their mean square.

    (Karras et al., arXiv 1710.10196, section 4.2.)
    """
    wide = x.astype(jnp.float32)
    return (wide * jax.lax.rsqrt(jnp.mean(wide * wide, -1, keepdims=True) + epsilon)).astype(x.dtype)


class SpectralNorm(nn.Module):
    """Divides a kernel by its spectral norm (Miyato et al., arXiv 1802.05957). Use it as `weights` of a layer.

    The kernel is seen as a matrix W (features, all other axes), and its spectral norm is estimated by power iteration
    (algorithm 1): v = W^T u / |W^T u|, u = W v / |W v|, sigma = u^T W v. The collection "spectral" holds the vector u.
    Each training pass makes one iteration, and a discriminator makes two passes in an update. Gradients flow through
    W / sigma with u and v held fixed. Without training (`train=False`) sigma is |W^T u| with the current u.
    """

    train: bool

    @nn.compact
    def __call__(self, kernel: jax.Array, axis: int) -> jax.Array:
        matrix = jnp.moveaxis(kernel, axis, -1).reshape(-1, kernel.shape[axis])  # the transpose of W
        held = jax.lax.stop_gradient(matrix)
        vector = self.variable("spectral", "u", lambda: _draw_direction(self.make_rng("params"), kernel.shape[axis]))
        u = _direction(vector.value)  # a moving average of unit vectors is shorter than 1
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
    """Weight normalization (Salimans and Kingma, arXiv 1602.07868, equation 2). Use it as `weights` of a layer.

    The kernel of each feature becomes scale * kernel / |kernel|. The scale (features,) starts as the kernel's norm.
    """

    @nn.compact
    def __call__(self, kernel: jax.Array, axis: int) -> jax.Array:
        rest = tuple(i for i in range(kernel.ndim) if i != axis % kernel.ndim)
        norm = jnp.sqrt(jnp.sum(kernel * kernel, rest, keepdims=True))
        scale = self.param("scale", lambda key: norm.ravel())
        return kernel * (scale.reshape(norm.shape) / norm)


@dataclass(frozen=True)
class Normalization:
    """The normalization that a network uses.

    features: (train, scale_init) -> the layer after each convolution. None for no such layer.
    weights: train -> the module that transforms each kernel. None for no such module.
    conv_bias: whether a convolution before a `features` layer has a bias. Layers that add a bias make it unnecessary.
    """

    features: Callable[[bool, Initializer], nn.Module] | None = None
    weights: Callable[[bool], nn.Module] | None = None
    conv_bias: bool = True


no_norm = Normalization()
batch_norm = Normalization(features=lambda train, scale_init: BatchNorm(train, scale_init=scale_init), conv_bias=False)
layer_norm = Normalization(features=lambda train, scale_init: LayerNorm(scale_init=scale_init), conv_bias=False)
instance_norm = Normalization(features=lambda train, scale_init: InstanceNorm(scale_init=scale_init), conv_bias=False)
# Without scale and bias, as in CycleGAN.
plain_instance_norm = Normalization(features=lambda train, scale_init: InstanceNorm(affine=False))
weight_norm = Normalization(weights=lambda train: WeightNorm())
spectral_norm = Normalization(weights=SpectralNorm)
