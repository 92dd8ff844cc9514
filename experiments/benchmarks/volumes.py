"""Convolutions of volumes on CPU, as they are lowered here and as XLA lowers them: each layer of 3D-GAN alone.

python experiments/benchmarks/volumes.py [WIDTH [BATCH_SIZE]]
"""

import sys
from functools import partial

import jax
import numpy as np
from measure import best_of

from gan_jax.networks.ops import lowerings
from gan_jax.networks.ops.convolution import choose

GEOMETRY = {"stride": 2, "padding": 1}


def main(width: int, batch_size: int) -> None:
    print("| layer | | ms here | ms by XLA | times as fast |\n| --- | --- | --- | --- | --- |")
    for side, before, after in ((32, 1, width), (16, width, 2 * width), (8, 2 * width, 4 * width)):
        rng = np.random.default_rng(0)
        x = rng.normal(size=(batch_size, *[side] * 3, before)).astype(np.float32)
        y = rng.normal(size=(batch_size, *[side // 2] * 3, after)).astype(np.float32)
        kernel = rng.normal(size=(4, 4, 4, before, after)).astype(np.float32)
        ours, theirs = choose(x.shape, kernel.shape, **GEOMETRY), lowerings.native
        functions = {
            "convolution": (lambda way: partial(way.conv, **GEOMETRY), (x, kernel)),
            "its transpose": (lambda way, s=x.shape[1:-1]: partial(way.image, **GEOMETRY, sides=s), (y, kernel)),
            "gradient of the kernel": (lambda way: partial(way.kernel, **GEOMETRY, size=(4, 4, 4)), (x, y)),
        }
        for name, (of, arrays) in functions.items():
            here, there = (1000 * seconds(of(way), arrays) for way in (ours, theirs))
            print(
                f"| {side}x{side}x{side}x{before} to {after} | {name} | {here:.1f} | {there:.1f} | {there / here:.1f} |"
            )


def seconds(function, arrays) -> float:
    """The best of several calls."""
    compiled, arrays = jax.jit(function), jax.device_put(arrays)
    jax.block_until_ready(compiled(*arrays))
    return best_of(lambda: jax.block_until_ready(compiled(*arrays)), 5)


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(*given, *(16, 32)[len(given) :])
