"""3x3 convolutions without stride in a quarter of the multiplications (Lavin and Gray, arXiv 1509.09308).

Winograd's F(4x4, 3x3): tiles of 6x6 pixels and the kernel go through linear transforms with small constants, are
multiplied place by place (36 products of matrices over the channels) and transformed back into tiles of 4x4 pixels,
which direct convolution computes with 144 such products. The largest error, relative to the largest value, is about
1e-5 in float32, where direct convolution has 1e-6. (In bfloat16 the transforms' rounding would make it 0.1, so theirs
is at least float32.)
"""

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.networks.ops.lowerings import Lowering, by_transposition

_TILE = 4

# Equations 14 and 15 of the paper, for the points 0, 1, -1, 2, -2 and infinity: of a tile, of the kernel, and back.
_OF_TILE = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
)
_OF_KERNEL = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ]
)
_BACK = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]])


def applies(sides: tuple[int, int], kernel_size: int, stride: int, padding: int) -> bool:
    """Whether the convolution is of the kind above, and what it makes of images of these sides is whole tiles."""
    made = [side + 2 * padding - 2 for side in sides]
    return (kernel_size, stride) == (3, 1) and padding <= 2 and all(side > 0 and side % _TILE == 0 for side in made)


def _combine(matrix: np.ndarray, arrays: list[jax.Array]) -> list[jax.Array]:
    """The products of the rows of `matrix` with `arrays`, without the terms that are zero."""

    def total(row):
        terms = [x if c == 1 else float(c) * x for c, x in zip(row, arrays, strict=True) if c]
        return sum(terms[1:], terms[0])

    return [total(row) for row in matrix]


def _convolve(x: jax.Array, kernel: jax.Array, padding: int, axis: int) -> jax.Array:
    """The convolution of images with a kernel (3, 3, C, F), of which the images' channels are an axis, 2 or 3."""
    dtype = x.dtype
    x, kernel = (array.astype(jnp.promote_types(dtype, jnp.float32)) for array in (x, kernel))
    count, channels, features = len(x), kernel.shape[axis], kernel.shape[5 - axis]
    height, width = (side + 2 * padding - 2 for side in x.shape[1:3])
    rows, columns = -(-height // _TILE), -(-width // _TILE)
    edges = [(padding, padding + _TILE * tiles - side) for tiles, side in ((rows, height), (columns, width))]
    x = jnp.pad(x, ((0, 0), *edges, (0, 0)))
    size = len(_OF_TILE)

    def every(x, axis, places):
        """Of all tiles, the 1st, 2nd, ..., 6th places along an axis."""
        stop = _TILE * (places - 1) + 1
        return [jax.lax.slice_in_dim(x, i, i + stop, _TILE, axis) for i in range(size)]

    def product(tile, k):
        # Along the axis of the kernel that is its channels', not with a transposed kernel, which XLA would copy.
        return jax.lax.dot_general(tile.reshape(-1, channels), k, (((1,), (axis - 2,)), ((), ())))

    kernels = [_combine(_OF_KERNEL, list(k)) for k in _combine(_OF_KERNEL, list(kernel))]
    products = []
    for band, of_band in zip(_combine(_OF_TILE, every(x, 1, rows)), kernels, strict=True):
        tiles = _combine(_OF_TILE, every(band, 2, columns))
        products.append(_combine(_BACK, [product(tile, k) for tile, k in zip(tiles, of_band, strict=True)]))
    out = [_combine(_BACK, list(places)) for places in zip(*products, strict=True)]  # out[column][row] in the tile
    shape = (count, rows, columns, features)
    out = [jnp.stack([y.reshape(shape) for y in places], 3) for places in zip(*out, strict=True)]
    y = jnp.stack(out, 2).reshape(count, _TILE * rows, _TILE * columns, features)
    return y[:, :height, :width].astype(dtype)


def _conv(x, kernel, stride, padding):
    del stride
    return _convolve(x, kernel, padding, 2)


def _image(y, kernel, stride, padding, sides):
    # Without stride, the transpose is the convolution with the kernel turned around.
    del stride, sides
    return _convolve(y, kernel[::-1, ::-1], 2 - padding, 3)


winograd = Lowering(_conv, _image, by_transposition(_conv).kernel)
