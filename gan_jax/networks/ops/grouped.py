"""Convolutions of groups of channels, each by itself (ResNeXt: Xie et al. 2017, arXiv 1611.05431)."""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from gan_jax.networks.ops.convolution import conv

# On CPU, groups are put together up to so many channels, as one kernel with zeros between the groups. That multiplies
# the arithmetic, and is still much faster than XLA's own, whose gradients are 90 times as slow (see the benchmarks).
_TOGETHER = 32


def grouped_conv(x: jax.Array, kernel: jax.Array, groups: int) -> jax.Array:
    """Convolves images (N, H, W, C) with a kernel (k, k, C / groups, F) of odd size, with padding that keeps the sides.

    The features of a group, F / groups of them, see the C / groups channels of their group. Returns (N, H, W, F).
    """
    cpu, others = partial(_together, groups=groups), partial(_native, groups=groups)
    return lax.platform_dependent(x, kernel, cpu=cpu, default=others)


def _native(x: jax.Array, kernel: jax.Array, groups: int) -> jax.Array:
    return lax.conv_general_dilated(
        x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=groups
    )


def _together(x: jax.Array, kernel: jax.Array, groups: int) -> jax.Array:
    size, _, channels, features = kernel.shape
    most = max(1, _TOGETHER // channels)
    count = next(n for n in range(min(most, groups), 0, -1) if groups % n == 0)  # of groups in a part
    parts = groups // count
    kernels = kernel.reshape(size, size, channels, parts, count, features // groups)
    own = jnp.eye(count, dtype=kernel.dtype)
    whole = jnp.einsum("klcpgf,gh->pklhcgf", kernels, own).reshape(parts, size, size, count * channels, -1)
    pieces = zip(jnp.split(x, parts, -1), whole, strict=True)
    return jnp.concatenate([conv(piece, one, padding=size // 2) for piece, one in pieces], -1)
