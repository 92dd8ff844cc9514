"""EfficientNet-lite0 for inference: batch normalization is part of the kernels and biases of its convolutions."""

import math
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

FEATURES, CLASSES, SIDE = 1280, 1000, 224


class Stage(NamedTuple):
    """Blocks that are alike. The first one has the stride, and the others have none.

    expansion: how many times more features the depthwise convolution of a block has than its input.
    """

    blocks: int
    kernel: int
    stride: int
    expansion: int
    features: int


STEM = 32
STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


class EfficientNetLite0(nn.Module):
    """Images float (N, 224, 224, 3), normalized, to features float32 (N, 1280) and logits float32 (N, 1000).

    Source: Tan and Le 2019, "EfficientNet" (arXiv 1905.11946). The lite version has no squeeze-and-excitation, ReLU6 in
    the place of swish, and a stem and a head of fixed width. The feature maps after each stage are sown as "stages".
    """

    @nn.compact
    def __call__(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        x = nn.relu6(_Conv(STEM, 3, 2, name="stem")(images))
        number = 0
        for stage in STAGES:
            for i in range(stage.blocks):
                x = _Block(stage, stage.stride if i == 0 else 1, name=f"block_{number}")(x)
                number += 1
            self.sow("intermediates", "stages", x)
        features = nn.relu6(_Pointwise(FEATURES, name="head")(x)).mean(axis=(1, 2))
        return features, _Pointwise(CLASSES, name="classes")(features)


class _Block(nn.Module):
    """An inverted residual block: a pointwise expansion, a depthwise convolution and a pointwise projection."""

    stage: Stage
    stride: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        expanded = x
        if self.stage.expansion > 1:
            expanded = nn.relu6(_Pointwise(self.stage.expansion * x.shape[-1], name="expand")(x))
        seen = nn.relu6(_Depthwise(self.stage.kernel, self.stride, name="depthwise")(expanded))
        y = _Pointwise(self.stage.features, name="project")(seen)
        return x + y if y.shape == x.shape else y


class _Pointwise(nn.Module):
    """A 1x1 convolution, which is a matrix product."""

    features: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        kernel = self.param("kernel", nn.initializers.lecun_normal(), (x.shape[-1], self.features))
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        return jnp.dot(x, kernel, precision=jax.lax.Precision.HIGHEST) + bias


class _Conv(nn.Module):
    features: int
    kernel: int
    stride: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shape = (self.kernel, self.kernel, x.shape[-1], self.features)
        kernel = self.param("kernel", nn.initializers.lecun_normal(), shape)
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        y = jax.lax.conv_general_dilated(
            x,
            kernel,
            (self.stride, self.stride),
            _padding(x, self.kernel, self.stride),
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            precision=jax.lax.Precision.HIGHEST,
        )
        return y + bias


class _Depthwise(nn.Module):
    """A convolution of each channel by itself, written as a sum of shifted products: XLA's own is slow on CPU."""

    kernel: int
    stride: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        kernel = self.param("kernel", nn.initializers.lecun_normal(), (self.kernel, self.kernel, x.shape[-1]))
        bias = self.param("bias", nn.initializers.zeros, (x.shape[-1],))
        (top, bottom), (left, right) = _padding(x, self.kernel, self.stride)
        high, wide = (math.ceil(side / self.stride) for side in x.shape[1:3])
        padded = jnp.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
        y = bias
        for i in range(self.kernel):
            for j in range(self.kernel):
                rows, columns = (
                    slice(k, k + (n - 1) * self.stride + 1, self.stride) for k, n in ((i, high), (j, wide))
                )
                y = y + padded[:, rows, columns] * kernel[i, j]
        return y


def _padding(x: jax.Array, kernel: int, stride: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """TensorFlow's padding "SAME" of height and width: what is odd goes to the end."""

    def of(side: int) -> tuple[int, int]:
        whole = max((math.ceil(side / stride) - 1) * stride + kernel - side, 0)
        return whole // 2, whole - whole // 2

    return of(x.shape[1]), of(x.shape[2])
