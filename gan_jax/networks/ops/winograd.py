"""3x3 convolutions of stride 1 with a quarter of the multiplications (Lavin and Gray, arXiv 1509.09308).

This is Winograd's algorithm F(4x4, 3x3). Linear transforms with small constants are applied to tiles of 6x6 pixels and
to the kernel. The results are multiplied elementwise (36 matrix products over the channels) and transformed back into
tiles of 4x4 pixels. Direct convolution takes 144 such products for a tile. The largest error, relative to the largest
value, is about 1e-5 in float32, and 1e-6 for direct convolution. In bfloat16 the rounding of the transforms would make
it 0.1, so the transforms use at least float32.
"""

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.networks.ops.lowerings import Lowering, derive_lowering

_TILE = 4

# The transforms of a tile, of the kernel and of the output (equations 14 and 15), for the points 0, 1, -1, 2, -2 and
# infinity.
_TILE_TRANSFORM = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
)
_KERNEL_TRANSFORM = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ]
)
_OUTPUT_TRANSFORM = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]])


def applies(sides: tuple[int, int], kernel_size: tuple[int, ...], stride: int, padding: int) -> bool:
    """Whether the algorithm applies: a 3x3 kernel of stride 1 whose output for these sides consists of whole tiles."""
    outputs = [side + 2 * padding - 2 for side in sides]
    whole = all(side > 0 and side % _TILE == 0 for side in outputs)
    return (*kernel_size, stride) == (3, 3, 1) and padding <= 2 and whole


def _combine(matrix: np.ndarray, arrays: list[jax.Array]) -> list[jax.Array]:
    """Returns the products of the rows of `matrix` with `arrays`. Terms with a zero coefficient are left out."""

    def total(row):
        terms = [x if c == 1 else float(c) * x for c, x in zip(row, arrays, strict=True) if c]
        return sum(terms[1:], terms[0])

    return [total(row) for row in matrix]


def _convolve(x: jax.Array, kernel: jax.Array, padding: int, axis: int) -> jax.Array:
    """Convolves images with a kernel (3, 3, C, F), whose `axis`, 2 or 3, holds the channels of the images."""
    dtype = x.dtype
    x, kernel = (array.astype(jnp.promote_types(dtype, jnp.float32)) for array in (x, kernel))
    count, channels, features = x.shape[0], kernel.shape[axis], kernel.shape[5 - axis]
    height, width = (side + 2 * padding - 2 for side in x.shape[1:3])
    rows, columns = -(-height // _TILE), -(-width // _TILE)
    edges = [(padding, padding + _TILE * tiles - side) for tiles, side in ((rows, height), (columns, width))]
    x = jnp.pad(x, ((0, 0), *edges, (0, 0)))
    size = len(_TILE_TRANSFORM)

    def split(x, axis, tiles):
        """Returns, for each of the 6 positions in a tile along an axis, its values in all tiles."""
        stop = _TILE * (tiles - 1) + 1
        return [jax.lax.slice_in_dim(x, i, i + stop, _TILE, axis) for i in range(size)]

    def product(tile, k):
        # It contracts the axis of the channels, since XLA would copy a transposed kernel.
        return jax.lax.dot_general(tile.reshape(-1, channels), k, (((1,), (axis - 2,)), ((), ())))

    kernels = [_combine(_KERNEL_TRANSFORM, list(k)) for k in _combine(_KERNEL_TRANSFORM, list(kernel))]
    products = []
    for band, kernel_row in zip(_combine(_TILE_TRANSFORM, split(x, 1, rows)), kernels, strict=True):
        tiles = _combine(_TILE_TRANSFORM, split(band, 2, columns))
        row = [product(tile, k) for tile, k in zip(tiles, kernel_row, strict=True)]
        products.append(_combine(_OUTPUT_TRANSFORM, row))
    out = [_combine(_OUTPUT_TRANSFORM, list(column)) for column in zip(*products, strict=True)]  # out[column][row]
    shape = (count, rows, columns, features)
    out = [jnp.stack([y.reshape(shape) for y in row], 3) for row in zip(*out, strict=True)]
    y = jnp.stack(out, 2).reshape(count, _TILE * rows, _TILE * columns, features)
    return y[:, :height, :width].astype(dtype)


def _conv(x, kernel, stride, padding):
    del stride
    return _convolve(x, kernel, padding, 2)


def _image(y, kernel, stride, padding, sides):
    # For stride 1, the transpose is the convolution with the flipped kernel.
    del stride, sides
    return _convolve(y, kernel[::-1, ::-1], 2 - padding, 3)


winograd = Lowering(_conv, _image, derive_lowering(_conv).kernel)
