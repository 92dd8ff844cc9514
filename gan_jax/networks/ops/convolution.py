"""Convolution and its linear transpose on NHWC images and NDHWC volumes, fast on each backend and for each shape.

The number <conv(x, kernel), y> is linear in each of x, kernel and y. Its three derivatives are bilinear functions (the
convolution, its transpose, and the gradient of the kernel), and each has the other two as its derivatives. They are
three JAX primitives here. So JAX can differentiate them in any mode and to any order without other operations, and each
has the lowering that is fastest for its backend and shape. (Without them, JAX differentiates `lax.conv_transpose` and
the gradient of a gradient penalty into convolutions that XLA's CPU backend runs more than ten times slower: see issues
23783 and 31662 of jax-ml/jax.)
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.core import ShapedArray
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from gan_jax.networks.ops import lowerings, winograd
from gan_jax.networks.ops.lowerings import Lowering

# On CPU the patches lowering was faster for feature maps of up to this many pixels, and for images of up to this many
# values. The image is the larger side of the convolution.
_PATCHES_UP_TO_PIXELS = 4 * 4
_PATCHES_UP_TO_VALUES = 8 * 8 * 4

# For up to this many output positions in the whole batch, and from this many weights on, reading the kernel takes
# longer than the arithmetic.
_FEW_POSITIONS = 64
_MANY_WEIGHTS = 2**18

# Fewer channels than this leave most of a SIMD register empty.
_FEW_CHANNELS = 16

# With few channels, kernels of at least this size are faster in blocks of pixels.
_LARGE_KERNEL = 7

# For up to this many images, XLA's gradient of the kernel is slow with a stride or padding.
_FEW_IMAGES = 8

# With at least this many channels, and values in all images, Winograd's algorithm saves more than its transforms cost.
_MANY_CHANNELS = 64
_MANY_VALUES = 2**17

# An exported program may leave the number of images open, or their sides (`jax.export.symbolic_shape`). It is lowered
# as for this many images, and for open sides as images of any size can be.
_USUAL_COUNT = 64

# The number of axes of volumes.
_VOLUMES = 5

# If each member of a population has its own kernel, CPU runs one convolution per member, up to this many members.
# Programs for more members would be too long, so matrix products compute all members at once.
_ONE_BY_ONE_UP_TO = 16


def conv(x: jax.Array, kernel: jax.Array, stride: int = 1, padding: int = 0) -> jax.Array:
    """Convolves images x (N, H, W, C) with a kernel (k, l, C, F), with `padding` zeros on every side.

    Returns (N, (H + 2 padding - k) // stride + 1, (W + 2 padding - l) // stride + 1, F). Volumes (N, D, H, W, C) have
    kernels (j, k, l, C, F).
    """
    return _conv.bind(x, kernel, stride=stride, padding=padding)


def conv_transpose(
    y: jax.Array, kernel: jax.Array, stride: int = 1, padding: int = 0, output_padding: int = 0
) -> jax.Array:
    """The linear transpose of `conv`.

    It maps y (N, h, w, F) to images (N, (h - 1) stride + k - 2 padding + output_padding, ..., C). `kernel` (k, l, C, F)
    is the kernel of the convolution that it transposes, so its last axis is the *input* of this function. Volumes have
    one more side. With a stride, `conv` maps several sizes to h, and `output_padding`, which is below the stride,
    chooses one of them.
    (Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", arXiv 1603.07285, section 4.)
    """
    sides = tuple(
        (side - 1) * stride + size - 2 * padding + output_padding
        for side, size in zip(y.shape[1:-1], kernel.shape[:-2], strict=True)
    )
    return _image.bind(y, kernel, stride=stride, padding=padding, sides=sides)


def choose(image: tuple[int, ...], kernel: tuple[int, ...], stride: int, padding: int) -> Lowering:
    """Chooses the lowering on CPU for images of shape (N, H, W, C) and a kernel of shape (k, l, C, F), or volumes."""
    if len(image) == _VOLUMES:
        return _choose_for_volumes(image, kernel, stride, padding)
    count, height, width, channels = image
    *kernel_size, _, features = kernel
    if not (isinstance(height, int) and isinstance(width, int)):
        return lowerings.phases if min(kernel_size) >= stride > 1 else lowerings.native
    if not isinstance(count, int):
        count = _USUAL_COUNT
    if [height, width] == kernel_size and not padding:
        return lowerings.dense
    if count * height * width <= _FEW_POSITIONS * stride**2 and math.prod(kernel) >= _MANY_WEIGHTS:
        return lowerings.taps
    if height * width <= _PATCHES_UP_TO_PIXELS or height * width * channels <= _PATCHES_UP_TO_VALUES:
        return lowerings.patches
    fewest = min(channels, features)
    many = fewest >= _MANY_CHANNELS and count * height * width * fewest >= _MANY_VALUES
    if many and winograd.applies((height, width), kernel[:2], stride, padding):
        return winograd.winograd
    few = channels < _FEW_CHANNELS
    lowering = lowerings.native
    if count <= _FEW_IMAGES:
        lowering = lowering._replace(kernel=lowerings.folded.kernel)
    if stride == 1:
        if min(kernel_size) < _LARGE_KERNEL:
            return lowering
        if features < _FEW_CHANNELS:
            return lowerings.blocks
        return lowering._replace(image=lowerings.blocks.image) if few else lowering
    if few:
        return lowering._replace(conv=lowerings.folded.conv, image=lowerings.folded_patches.image)
    return lowering._replace(image=lowerings.phases.image) if min(kernel_size) >= stride else lowering


def _choose_for_volumes(image: tuple[int, ...], kernel: tuple[int, ...], stride: int, padding: int) -> Lowering:
    if image[1:-1] == kernel[:-2] and not padding:
        return lowerings.dense
    # XLA's transpose with a stride takes hundreds of times as long. It has no fast path for a dilated input.
    return lowerings.native if stride == 1 else lowerings.slices


def _primitive(name: str, select: Callable[[Lowering], Callable], shapes: Callable[..., tuple]) -> Primitive:
    """Makes one of the three primitives.

    `select` picks its function from a lowering. `shapes` returns the shapes of the image and the kernel.
    """

    def plain(*arrays: jax.Array, **geometry: Any) -> jax.Array:
        return select(lowerings.native)(*arrays, **geometry)

    def on_cpu(*arrays: jax.Array, **geometry: Any) -> jax.Array:
        image, kernel = shapes(*arrays, **geometry)
        return select(choose(image, kernel, geometry["stride"], geometry["padding"]))(*arrays, **geometry)

    primitive = Primitive(name)

    @partial(jax.jit, static_argnames=("stride", "padding", "sides", "size"))
    def compiled(*arrays: jax.Array, **geometry: Any) -> jax.Array:
        return primitive.bind(*arrays, **geometry)

    def eager(*arrays, **geometry):
        with jax.disable_jit(False):  # with jit disabled, `compiled` would call this function forever
            return compiled(*arrays, **geometry)

    primitive.def_impl(eager)
    primitive.def_abstract_eval(lambda *arrays, **geometry: _shaped(plain, arrays, geometry))
    mlir.register_lowering(primitive, mlir.lower_fun(plain, multiple_results=False))
    mlir.register_lowering(primitive, mlir.lower_fun(on_cpu, multiple_results=False), platform="cpu")

    def batch(arrays, axes, **geometry):
        arrays = [x if axis is None else jnp.moveaxis(x, axis, 0) for x, axis in zip(arrays, axes, strict=True)]
        mapped = [None if axis is None else 0 for axis in axes]
        members = next(x.shape[0] for x, axis in zip(arrays, axes, strict=True) if axis is not None)
        if mapped == [0, None] and primitive is not _kernel:
            # All members share the kernel, so their images form one larger batch.
            x, kernel = arrays
            y = primitive.bind(x.reshape(-1, *x.shape[2:]), kernel, **geometry)
            return y.reshape(members, -1, *y.shape[1:]), 0

        def at_once(function):
            return jax.vmap(partial(function, **geometry), in_axes=mapped)

        def one_by_one(*arrays):
            each = [
                [x if axis is None else x[i] for x, axis in zip(arrays, mapped, strict=True)] for i in range(members)
            ]
            return jnp.stack([primitive.bind(*one, **geometry) for one in each])

        cpu = one_by_one if members <= _ONE_BY_ONE_UP_TO else at_once(select(lowerings.patches))
        return lax.platform_dependent(*arrays, cpu=cpu, default=at_once(plain)), 0

    batching.primitive_batchers[primitive] = batch
    return primitive


def _shaped(function, arrays, geometry):
    out = jax.eval_shape(partial(function, **geometry), *(jax.ShapeDtypeStruct(a.shape, a.dtype) for a in arrays))
    return ShapedArray(out.shape, out.dtype)


_conv = _primitive("conv", lambda lowering: lowering.conv, lambda x, kernel, **_: (x.shape, kernel.shape))
_image = _primitive(
    "conv_image",
    lambda lowering: lowering.image,
    lambda y, kernel, *, sides, **_: ((y.shape[0], *sides, kernel.shape[-2]), kernel.shape),
)
_kernel = _primitive(
    "conv_kernel",
    lambda lowering: lowering.kernel,
    lambda x, y, *, size, **_: (x.shape, (*size, x.shape[-1], y.shape[-1])),
)

# The primitives that the functions of this module are made of.
PRIMITIVES = (_conv, _image, _kernel)

ad.defbilinear(
    _conv,
    lambda g, x, kernel, **geometry: _image.bind(g, kernel, **geometry, sides=tuple(x.aval.shape[1:-1])),
    lambda g, x, kernel, **geometry: _kernel.bind(x, g, **geometry, size=tuple(kernel.aval.shape[:-2])),
)
ad.defbilinear(
    _image,
    lambda g, y, kernel, *, sides, **geometry: _conv.bind(g, kernel, **geometry),
    lambda g, y, kernel, *, sides, **geometry: _kernel.bind(g, y, **geometry, size=tuple(kernel.aval.shape[:-2])),
)
ad.defbilinear(
    _kernel,
    lambda g, x, y, *, size, **geometry: _image.bind(y, g, **geometry, sides=tuple(x.aval.shape[1:-1])),
    lambda g, x, y, *, size, **geometry: _conv.bind(x, g, **geometry),
)
