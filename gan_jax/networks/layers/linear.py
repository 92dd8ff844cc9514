"""Linear layers: thin Flax modules over the convolutions in `ops`.

The argument `weights` makes a module that transforms the kernel before it is used, such as spectral normalization in
`Conv(64, 3, weights=partial(SpectralNorm, train))`. See `normalization`.
"""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.ops import cast, conv, conv_transpose, grouped_conv
from gan_jax.networks.ops.channel_sums import broadcast_channels
from gan_jax.networks.ops.resizing import conv_downsample, upsample_conv

Initializer = Callable[..., jax.Array]

# Makes a module (kernel, axis of its output features) -> kernel.
Weights = Callable[[], nn.Module]


class Dense(nn.Module):
    """A linear layer from (N, C) to (N, features)."""

    features: int
    use_bias: bool = True
    kernel_init: Initializer = nn.initializers.lecun_normal()
    weights: Weights | None = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x, kernel = cast(x, _kernel(self, (x.shape[-1], self.features), -1))
        return _with_bias(self, x @ kernel)


class Conv(nn.Module):
    """A convolution from (N, H, W, C) to (N, (H + 2 padding - kernel_size) // stride + 1, ..., features).

    Volumes (N, D, H, W, C) have one more side. `kernel_size` is the side of a square or cubic kernel, or all of its
    sides. The padding is of zeros, or with `reflect` by reflection at the border.
    """

    features: int
    kernel_size: int | tuple[int, ...]
    stride: int = 1
    padding: int = 0
    reflect: bool = False
    use_bias: bool = True
    kernel_init: Initializer = nn.initializers.lecun_normal()
    weights: Weights | None = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shape = (*_sides(self.kernel_size, x), x.shape[-1], self.features)
        x, kernel = cast(x, _kernel(self, shape, -1))
        for axis in range(1, x.ndim - 1) if self.reflect else ():
            x = _reflected(x, self.padding, axis)
        return _with_bias(self, conv(x, kernel, self.stride, 0 if self.reflect else self.padding))


class GroupedConv(nn.Module):
    """A convolution of groups of channels, each by itself, from (N, H, W, C) to (N, H, W, features).

    The kernel has an odd size, and zeros around keep the sides. C and `features` must be multiples of `groups`.
    """

    features: int
    kernel_size: int
    groups: int
    use_bias: bool = True
    kernel_init: Initializer = nn.initializers.lecun_normal()
    weights: Weights | None = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shape = (self.kernel_size, self.kernel_size, x.shape[-1] // self.groups, self.features)
        x, kernel = cast(x, _kernel(self, shape, -1))
        return _with_bias(self, grouped_conv(x, kernel, self.groups))


class ConvTranspose(nn.Module):
    """A transposed convolution.

    It maps (N, h, w, C) to (N, (h - 1) stride + kernel_size - 2 padding + output_padding, ..., features), and volumes
    with one more side likewise. `kernel_size` is the side of a square or cubic kernel, or all of its sides. As in
    PyTorch, the kernel (k, l, features, C) is the kernel of the convolution that it transposes.
    """

    features: int
    kernel_size: int | tuple[int, ...]
    stride: int = 1
    padding: int = 0
    output_padding: int = 0
    use_bias: bool = True
    kernel_init: Initializer = nn.initializers.lecun_normal(in_axis=-1, out_axis=-2)
    weights: Weights | None = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shape = (*_sides(self.kernel_size, x), self.features, x.shape[-1])
        x, kernel = cast(x, _kernel(self, shape, -2))
        return _with_bias(self, conv_transpose(x, kernel, self.stride, self.padding, self.output_padding))


class UpConv(nn.Module):
    """Nearest-neighbour upsampling, then a convolution of odd size that keeps the sides.

    It maps (N, H, W, C) to (N, 2H, 2W, features).
    """

    features: int
    kernel_size: int
    use_bias: bool = True
    kernel_init: Initializer = nn.initializers.lecun_normal()
    weights: Weights | None = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shape = (self.kernel_size, self.kernel_size, x.shape[-1], self.features)
        x, kernel = cast(x, _kernel(self, shape, -1))
        return _with_bias(self, upsample_conv(x, kernel))


class DownConv(nn.Module):
    """A convolution of odd size that keeps the sides, then 2x2 average pooling.

    It maps (N, H, W, C) to (N, H / 2, W / 2, features).
    """

    features: int
    kernel_size: int
    use_bias: bool = True
    kernel_init: Initializer = nn.initializers.lecun_normal()
    weights: Weights | None = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shape = (self.kernel_size, self.kernel_size, x.shape[-1], self.features)
        x, kernel = cast(x, _kernel(self, shape, -1))
        return _with_bias(self, conv_downsample(x, kernel))


_Layer = Dense | Conv | GroupedConv | ConvTranspose | UpConv | DownConv


def _sides(kernel_size: int | tuple[int, ...], x: jax.Array) -> tuple[int, ...]:
    return (kernel_size,) * (x.ndim - 2) if isinstance(kernel_size, int) else kernel_size


def _kernel(module: _Layer, shape: tuple[int, ...], axis: int) -> jax.Array:
    kernel = module.param("kernel", module.kernel_init, shape)
    return kernel if module.weights is None else module.weights()(kernel, axis)


def _reflected(x: jax.Array, width: int, axis: int) -> jax.Array:
    # A single concatenation has a faster gradient than the two in a row that `jnp.pad` makes.
    last = x.shape[axis] - 1
    before = jax.lax.slice_in_dim(x, 1, 1 + width, axis=axis)
    after = jax.lax.slice_in_dim(x, last - width, last, axis=axis)
    return jnp.concatenate([jnp.flip(before, axis), x, jnp.flip(after, axis)], axis)


def _with_bias(module: _Layer, y: jax.Array) -> jax.Array:
    if not module.use_bias:
        return y
    (bias,) = cast(module.param("bias", nn.initializers.zeros, y.shape[-1:]))
    return y + broadcast_channels(bias, y)


def leaky_relu(x: jax.Array) -> jax.Array:
    """LeakyReLU with slope 0.2, which is usual in GANs (arXiv 1511.06434, section 4)."""
    return jnp.where(x >= 0, x, 0.2 * x)


def take_by_label(table: jax.Array, labels: jax.Array) -> jax.Array:
    """Returns the rows (N, F) of a table (classes, F) for labels int32 (N,).

    It is a matrix product with one-hot labels. Indexing would make runs differ in their bits, since GPUs sum its
    gradient in arbitrary order.
    """
    return jnp.dot(jax.nn.one_hot(labels, len(table), dtype=table.dtype), table, precision="highest")
