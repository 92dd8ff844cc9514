"""Convolution and its linear transpose, on NHWC images, lowered to what the backend runs fast.

The number <conv(x, kernel), y> is linear in each of x, kernel and y. Its three derivatives are three bilinear functions
(the convolution, its transpose, and the gradient of the kernel), and the derivatives of each of them are the other two.
Here they are three JAX primitives, so that JAX differentiates them in any mode, to any order, without leaving the
three; and each is lowered, by backend and shape, to the way that is fast there. (Left to itself, JAX differentiates
`lax.conv_transpose`, and the gradient of a gradient penalty, into convolutions that XLA's CPU backend runs more than
ten times slower: jax-ml/jax issues 23783 and 31662.)
"""

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

# Where the patches lowering was the faster one on CPU, by the size of the convolution's larger side: in small feature
# maps, and in small images of few channels.
_PATCHES_UP_TO_PIXELS = 4 * 4
_PATCHES_UP_TO_NUMBERS = 8 * 8 * 4

# Of so few places in all, the convolution is less work than reading a kernel of so many weights.
_FEW_PLACES = 64
_MANY_WEIGHTS = 2**18

# So few channels leave most of the processor's vectors empty.
_FEW_CHANNELS = 16

# Kernels from this size on are worth computing by blocks of pixels where there are few channels.
_LARGE_KERNEL = 7

# Up to so many images, XLA's gradient of the kernel is slow with a stride or padding.
_FEW_IMAGES = 8

# From so many channels on, and numbers in all images, the products that Winograd's transforms save outweigh the
# transforms.
_MANY_CHANNELS = 64
_MANY_NUMBERS = 2**17

# Convolutions with a kernel for each member of a population run one by one on CPU, beside each other; for more members
# as products of matrices for all of them, since programs would grow too long.
_ONE_BY_ONE_UP_TO = 16


def conv(x: jax.Array, kernel: jax.Array, stride: int = 1, padding: int = 0) -> jax.Array:
    """Convolution of images x (N, H, W, C) with a kernel (k, k, C, F), zero-padded by `padding` on every side.

    Returns (N, (H + 2 padding - k) // stride + 1, ..., F).
    """
    return _conv.bind(x, kernel, stride=stride, padding=padding)


def conv_transpose(
    y: jax.Array, kernel: jax.Array, stride: int = 1, padding: int = 0, output_padding: int = 0
) -> jax.Array:
    """The linear transpose of `conv`.

    From y (N, h, w, F) to images (N, (h - 1) stride + k - 2 padding + output_padding, ..., C). `kernel` (k, k, C, F) is
    that of the convolution it transposes: its last axis is the *input* of this function. `conv` maps several sides to h
    where it has a stride; `output_padding`, below the stride, says which of them.
    (Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", arXiv 1603.07285, section 4.)
    """
    border = kernel.shape[0] - 2 * padding + output_padding
    height, width = ((size - 1) * stride + border for size in y.shape[1:3])
    return _image.bind(y, kernel, stride=stride, padding=padding, sides=(height, width))


def choose(image: tuple[int, ...], kernel: tuple[int, ...], stride: int, padding: int) -> Lowering:
    """The lowering on CPU, for images of the shape (N, H, W, C) and kernels of the shape (k, k, C, F)."""
    count, height, width, channels = image
    kernel_size, _, _, features = kernel
    if height == width == kernel_size and not padding:
        return lowerings.dense
    if count * height * width <= _FEW_PLACES * stride**2 and kernel_size**2 * channels * features >= _MANY_WEIGHTS:
        return lowerings.taps
    if height * width <= _PATCHES_UP_TO_PIXELS or height * width * channels <= _PATCHES_UP_TO_NUMBERS:
        return lowerings.patches
    fewest = min(channels, features)
    many = fewest >= _MANY_CHANNELS and count * height * width * fewest >= _MANY_NUMBERS
    if many and winograd.applies((height, width), kernel_size, stride, padding):
        return winograd.winograd
    few = channels < _FEW_CHANNELS
    ways = lowerings.native
    if count <= _FEW_IMAGES:
        ways = ways._replace(kernel=lowerings.folded.kernel)
    if stride == 1:
        if kernel_size < _LARGE_KERNEL:
            return ways
        if features < _FEW_CHANNELS:
            return lowerings.blocks
        return ways._replace(image=lowerings.blocks.image) if few else ways
    if few:
        return ways._replace(conv=lowerings.folded.conv, image=lowerings.folded_patches.image)
    return ways._replace(image=lowerings.phases.image) if kernel_size >= stride else ways


def _primitive(name: str, on: Callable[[Lowering], Callable], like: Callable[..., tuple]) -> Primitive:
    """One of the three: `on` picks it from a lowering, `like` gives the image's and the kernel's shape."""

    def plain(*arrays: jax.Array, **geometry: Any) -> jax.Array:
        return on(lowerings.native)(*arrays, **geometry)

    def on_cpu(*arrays: jax.Array, **geometry: Any) -> jax.Array:
        image, kernel = like(*arrays, **geometry)
        return on(choose(image, kernel, geometry["stride"], geometry["padding"]))(*arrays, **geometry)

    primitive = Primitive(name)

    @partial(jax.jit, static_argnames=("stride", "padding", "sides", "size"))
    def compiled(*arrays: jax.Array, **geometry: Any) -> jax.Array:
        return primitive.bind(*arrays, **geometry)

    def eager(*arrays, **geometry):
        with jax.disable_jit(False):  # where it is disabled, `compiled` would come back here, for ever
            return compiled(*arrays, **geometry)

    primitive.def_impl(eager)
    primitive.def_abstract_eval(lambda *arrays, **geometry: _shaped(plain, arrays, geometry))
    mlir.register_lowering(primitive, mlir.lower_fun(plain, multiple_results=False))
    mlir.register_lowering(primitive, mlir.lower_fun(on_cpu, multiple_results=False), platform="cpu")

    def batch(arrays, axes, **geometry):
        arrays = [x if axis is None else jnp.moveaxis(x, axis, 0) for x, axis in zip(arrays, axes, strict=True)]
        mapped = [None if axis is None else 0 for axis in axes]
        members = next(len(x) for x, axis in zip(arrays, axes, strict=True) if axis is not None)
        if mapped == [0, None] and primitive is not _kernel:
            # The same kernel for all: more images.
            x, kernel = arrays
            y = primitive.bind(x.reshape(-1, *x.shape[2:]), kernel, **geometry)
            return y.reshape(members, -1, *y.shape[1:]), 0

        def at_once(on):
            return jax.vmap(partial(on, **geometry), in_axes=mapped)

        def one_by_one(*arrays):
            each = [
                [x if axis is None else x[i] for x, axis in zip(arrays, mapped, strict=True)] for i in range(members)
            ]
            return jnp.stack([primitive.bind(*one, **geometry) for one in each])

        cpu = one_by_one if members <= _ONE_BY_ONE_UP_TO else at_once(on(lowerings.patches))
        return lax.platform_dependent(*arrays, cpu=cpu, default=at_once(plain)), 0

    batching.primitive_batchers[primitive] = batch
    return primitive


def _shaped(function, arrays, geometry):
    out = jax.eval_shape(partial(function, **geometry), *(jax.ShapeDtypeStruct(a.shape, a.dtype) for a in arrays))
    return ShapedArray(out.shape, out.dtype)


_conv = _primitive("conv", lambda ways: ways.conv, lambda x, kernel, **_: (x.shape, kernel.shape))
_image = _primitive(
    "conv_image",
    lambda ways: ways.image,
    lambda y, kernel, *, sides, **_: ((len(y), *sides, kernel.shape[2]), kernel.shape),
)
_kernel = _primitive(
    "conv_kernel",
    lambda ways: ways.kernel,
    lambda x, y, *, size, **_: (x.shape, (size, size, x.shape[3], y.shape[3])),
)

# All that the functions of this module come down to.
PRIMITIVES = (_conv, _image, _kernel)

ad.defbilinear(
    _conv,
    lambda g, x, kernel, **geometry: _image.bind(g, kernel, **geometry, sides=tuple(x.aval.shape[1:3])),
    lambda g, x, kernel, **geometry: _kernel.bind(x, g, **geometry, size=kernel.aval.shape[0]),
)
ad.defbilinear(
    _image,
    lambda g, y, kernel, *, sides, **geometry: _conv.bind(g, kernel, **geometry),
    lambda g, y, kernel, *, sides, **geometry: _kernel.bind(g, y, **geometry, size=kernel.aval.shape[0]),
)
ad.defbilinear(
    _kernel,
    lambda g, x, y, *, size, **geometry: _image.bind(y, g, **geometry, sides=tuple(x.aval.shape[1:3])),
    lambda g, x, y, *, size, **geometry: _conv.bind(x, g, **geometry),
)
