"""Where the time of a step goes: each convolution of a DCGAN alone, as it is lowered here, against the peak."""

from functools import partial
from typing import Any

import jax
import numpy as np
from measure import best_of

from gan_jax.networks.ops import conv, conv_transpose
from gan_jax.training.program import fast_options


def dcgan_layers(resolution: int, channels: int, width: int) -> list[tuple[int, int, int]]:
    """(side, channels, features) of D's strided convolutions, which G's transpose."""
    shapes, side, before, features = [], resolution, channels, width
    while side > 4:
        shapes.append((side, before, features))
        side, before, features = side // 2, features, 2 * features
    return shapes


def _forward(x: jax.Array, kernel: jax.Array) -> jax.Array:
    return conv(x, kernel, stride=2, padding=1)


def _kernel_gradient(kernel: jax.Array, x: jax.Array, y: jax.Array) -> jax.Array:
    return jax.vjp(partial(_forward, x), kernel)[1](y)[0]


def measure(resolution: int, channels: int, width: int, batch_size: int, peak: float) -> list[dict[str, Any]]:
    """The share of `peak` (operations a second) of each layer's three products, the best of several calls."""
    rng = np.random.default_rng(0)
    rows = []
    for side, before, features in dcgan_layers(resolution, channels, width):
        x = rng.normal(size=(batch_size, side, side, before)).astype(np.float32)
        y = rng.normal(size=(batch_size, side // 2, side // 2, features)).astype(np.float32)
        kernel = rng.normal(size=(4, 4, before, features)).astype(np.float32)
        operations = 2 * y.size * kernel.size // features
        functions = {
            "convolution": (_forward, (x, kernel)),
            "its transpose": (partial(conv_transpose, stride=2, padding=1), (y, kernel)),
            "gradient of the kernel": (partial(_kernel_gradient, kernel), (x, y)),
        }
        row: dict[str, Any] = {"layer": f"{side}x{side}x{before} to {features}", "operations": operations}
        for name, (function, arrays) in functions.items():
            compiled = jax.jit(function, compiler_options=fast_options())
            arrays = jax.device_put(arrays)
            jax.block_until_ready(compiled(*arrays))
            seconds = best_of(lambda f=compiled, a=arrays: jax.block_until_ready(f(*a)), 9)
            row[name] = operations / seconds / peak
        rows.append(row)
    return rows
