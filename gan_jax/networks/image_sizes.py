"""The sizes of images that networks take.

A network that doubles or halves the sides of feature maps k times takes images of (h 2^k, w 2^k) pixels, where (h, w)
is the size of its smallest map. The smaller side of the images decides on k, and so on the network. The other side must
be a multiple of 2^k.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import jax

from gan_jax.data import Resolution, height_and_width

# Smaller images have too few pixels to be halved twice.
SMALLEST = 8


class Scales(NamedTuple):
    """The feature maps of a network: height and width of the smallest one, and how often they double to the images'."""

    height: int
    width: int
    doublings: int


def scales(network: str, resolution: Resolution, doublings: Callable[[int], int]) -> Scales:
    """Returns the sizes of the feature maps of a network for images of this resolution.

    Args:
      network: name of the networks, for the error.
      resolution: the side of square images, or height and width.
      doublings: smaller side of the images, at least 8 -> k.

    Raises ValueError, with the nearest sizes that fit, if a side is below 8 or no multiple of 2^k.
    """
    height, width = height_and_width(resolution)
    if not _fits(height, width, doublings):
        fitting = [size for size in _around(height, width) if _fits(*size, doublings)]
        fitting.sort(key=lambda size: (abs(size[0] - height) + abs(size[1] - width), size))
        near = " and ".join(f"{high}x{wide}" for high, wide in fitting[:2])
        raise ValueError(
            f"{network} cannot be built for images of {height}x{width} (height x width): the nearest sizes are {near}"
        )
    count = doublings(min(height, width))
    return Scales(height >> count, width >> count, count)


def scales_from_four(network: str, resolution: Resolution) -> Scales:
    """`scales` of a network whose smallest map has a smaller side of 4 to 7, as 4x4 for powers of two."""
    return scales(network, resolution, lambda smaller: smaller.bit_length() - 3)


def _fits(height: int, width: int, doublings: Callable[[int], int]) -> bool:
    smaller = min(height, width)
    return smaller >= SMALLEST and height % (divisor := 2 ** doublings(smaller)) == 0 and width % divisor == 0


def _around(height: int, width: int) -> Iterator[tuple[int, int]]:
    """Sizes right below and above whose sides have a common power of two. Those around a square are squares."""

    def multiples(side: int, step: int) -> set[int]:
        below = side // step * step
        return {size for size in (below, below + step, SMALLEST) if size >= SMALLEST}

    found = set()
    for exponent in range(max(height, width).bit_length() + 1):
        highs, wides = multiples(height, 2**exponent), multiples(width, 2**exponent)
        found |= {(high, wide) for high in highs for wide in wides if height != width or high == wide}
    yield from found


def size_of(images: jax.Array) -> tuple[int, int]:
    """(height, width) of images (N, H, W, C)."""
    _, height, width, _ = images.shape
    return height, width


def check_image_size(images: jax.Array, multiple: int, minimum: int) -> None:
    """Raises ValueError unless H and W of images (N, H, W, C) are multiples of `multiple` and at least `minimum`."""
    height, width = size_of(images)
    if height % multiple or width % multiple or height < minimum or width < minimum:
        lower_bound = f" from {minimum} on" if minimum > multiple else ""
        raise ValueError(
            f"the generator takes images whose sides are multiples of {multiple}{lower_bound}, not {height}x{width}"
        )
