"""The Inception-v3 of the Frechet Inception distance, for inference: normalization is part of kernels and biases.

It is the graph that was published on 2015-12-05, and differs from the Inception-v3 of the paper: averages do not count
the padding, the last block takes a maximum in the place of an average, and there are 1008 classes.

Sources: Szegedy et al. 2015 (arXiv 1512.00567), figures 5 to 7; Heusel et al. 2017 (arXiv 1706.08500) for its use.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.evaluation.features.inception_stem import stem
from gan_jax.networks.ops.winograd import winograd

FEATURES, CLASSES, SIDE = 2048, 1008, 299

HIGHEST = jax.lax.Precision.HIGHEST

# (height, width) of a kernel
Size = tuple[int, int]


class InceptionV3(nn.Module):
    """Images float (N, 299, 299, 3) in [-1, 1] to features float32 (N, 2048) and logits float32 (N, 1008).

    The logits have no bias, because those of published inception scores have none.
    """

    @nn.compact
    def __call__(self, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        widths = (("Conv2d_1a_3x3", 3, 32), ("Conv2d_2a_3x3", 32, 32), ("Conv2d_2b_3x3", 32, 64))
        x = stem(images, *(_Layer(channels, features, name=name)() for name, channels, features in widths))
        x = Conv(80, (1, 1), name="Conv2d_3b_1x1")(x)
        x = Conv(192, (3, 3), name="Conv2d_4a_3x3")(x)
        x = _halved(x)
        for name, pooled in (("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)):
            x = _BlockA(pooled, name=name)(x)
        x = _BlockB(name="Mixed_6a")(x)
        for name, width in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
            x = _BlockC(width, name=name)(x)
        x = _BlockD(name="Mixed_7a")(x)
        x = _BlockE(maximum=False, name="Mixed_7b")(x)
        x = _BlockE(maximum=True, name="Mixed_7c")(x)
        features = x.mean(axis=(1, 2))
        kernel = self.param("fc", nn.initializers.lecun_normal(), (FEATURES, CLASSES))
        return features, jnp.dot(features, kernel, precision=HIGHEST)


class _Layer(nn.Module):
    """The kernel and the bias of a 3x3 convolution."""

    channels: int
    features: int

    @nn.compact
    def __call__(self) -> tuple[jax.Array, jax.Array]:
        kernel = self.param("kernel", nn.initializers.lecun_normal(), (3, 3, self.channels, self.features))
        return kernel, self.param("bias", nn.initializers.zeros, (self.features,))


class Conv(nn.Module):
    """A convolution and ReLU. `padded` keeps the sides of the grid."""

    features: int
    size: Size
    stride: int = 1
    padded: bool = False

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        kernel = self.param("kernel", nn.initializers.lecun_normal(), (*self.size, x.shape[-1], self.features))
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        return nn.relu(self._lowering(x, kernel) + bias)

    def _lowering(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        """The convolution, as it is fastest on CPU. Accelerators take all of them well."""
        if self.size == (1, 1):
            return jnp.dot(x, kernel[0, 0], precision=HIGHEST)
        if self.stride == 2:
            return _by_taps(x, kernel)
        many = self.size == (3, 3) and self.features >= 192
        if many and jax.default_backend() == "cpu":
            return winograd.conv(x, kernel, 1, int(self.padded))
        return jax.lax.conv_general_dilated(
            x,
            kernel,
            (1, 1),
            [(side // 2, side // 2) if self.padded else (0, 0) for side in self.size],
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            precision=HIGHEST,
        )


def _by_taps(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """A 3x3 convolution of stride 2 as a sum of nine matrix products."""
    taps = [
        jnp.dot(x[:, i : x.shape[1] - 2 + i : 2, j : x.shape[2] - 2 + j : 2], kernel[i, j], precision=HIGHEST)
        for i in range(3)
        for j in range(3)
    ]
    return sum(taps[1:], taps[0])


def _chain(x: jax.Array, branch: str, *layers: tuple[int, Size], first: int = 1) -> jax.Array:
    """Convolutions one after the other, named BRANCH_1, BRANCH_2, ..., with padding."""
    for number, (features, size) in enumerate(layers, first):
        x = Conv(features, size, padded=True, name=f"{branch}_{number}")(x)
    return x


def _halved(x: jax.Array) -> jax.Array:
    """The maxima of 3x3 pixels with stride 2. XLA's own are slow on CPU."""
    for axis in (1, 2):
        stop = x.shape[axis] - 2
        parts = [jax.lax.slice_in_dim(x, i, stop + i, 2, axis) for i in range(3)]
        x = jnp.maximum(jnp.maximum(parts[0], parts[1]), parts[2])
    return x


def _mean_of_neighbors(x: jax.Array) -> jax.Array:
    """The mean of every 3x3 pixels that are inside."""
    return nn.avg_pool(x, (3, 3), padding="SAME", count_include_pad=False)


class _BlockA(nn.Module):
    pooled: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return jnp.concatenate(
            [
                Conv(64, (1, 1), name="branch1x1")(x),
                _chain(x, "branch5x5", (48, (1, 1)), (64, (5, 5))),
                _chain(x, "branch3x3dbl", (64, (1, 1)), (96, (3, 3)), (96, (3, 3))),
                Conv(self.pooled, (1, 1), name="branch_pool")(_mean_of_neighbors(x)),
            ],
            axis=-1,
        )


class _BlockB(nn.Module):
    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        double = _chain(x, "branch3x3dbl", (64, (1, 1)), (96, (3, 3)))
        return jnp.concatenate(
            [
                Conv(384, (3, 3), stride=2, name="branch3x3")(x),
                Conv(96, (3, 3), stride=2, name="branch3x3dbl_3")(double),
                _halved(x),
            ],
            axis=-1,
        )


class _BlockC(nn.Module):
    width: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        c, row, column = self.width, (1, 7), (7, 1)
        return jnp.concatenate(
            [
                Conv(192, (1, 1), name="branch1x1")(x),
                _chain(x, "branch7x7", (c, (1, 1)), (c, row), (192, column)),
                _chain(x, "branch7x7dbl", (c, (1, 1)), (c, column), (c, row), (c, column), (192, row)),
                Conv(192, (1, 1), name="branch_pool")(_mean_of_neighbors(x)),
            ],
            axis=-1,
        )


class _BlockD(nn.Module):
    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        single = _chain(x, "branch3x3", (192, (1, 1)))
        double = _chain(x, "branch7x7x3", (192, (1, 1)), (192, (1, 7)), (192, (7, 1)))
        return jnp.concatenate(
            [
                Conv(320, (3, 3), stride=2, name="branch3x3_2")(single),
                Conv(192, (3, 3), stride=2, name="branch7x7x3_4")(double),
                _halved(x),
            ],
            axis=-1,
        )


class _BlockE(nn.Module):
    maximum: bool

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        single = _chain(x, "branch3x3", (384, (1, 1)))
        double = _chain(x, "branch3x3dbl", (448, (1, 1)), (384, (3, 3)))
        pooled = nn.max_pool(x, (3, 3), padding="SAME") if self.maximum else _mean_of_neighbors(x)
        return jnp.concatenate(
            [
                Conv(320, (1, 1), name="branch1x1")(x),
                *_split(single, "branch3x3_2"),
                *_split(double, "branch3x3dbl_3"),
                Conv(192, (1, 1), name="branch_pool")(pooled),
            ],
            axis=-1,
        )


def _split(x: jax.Array, name: str) -> list[jax.Array]:
    """A row and a column beside each other, named NAMEa and NAMEb."""
    return [Conv(384, size, padded=True, name=f"{name}{end}")(x) for size, end in (((1, 3), "a"), ((3, 1), "b"))]
