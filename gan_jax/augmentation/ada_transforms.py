"""The transforms of adaptive discriminator augmentation (Karras et al. 2020, arXiv 2006.06676, appendix B).

`bgc` is the paper's default: pixel blitting, general geometric transforms and colour transforms, each applied with
probability p. `blit`, `geometry` and `color` only draw the parameters. The first two return matrices that act on
positions (y, x, 1) relative to the image's centre, and `warp` applies both in one resampling. `recolor` applies the
colour transforms.
"""

from functools import partial, reduce

import jax
import jax.numpy as jnp
from jax.scipy.ndimage import map_coordinates

# Matrix products with full precision on every backend. A TPU's default has too few bits for positions in pixels.
_matmul = partial(jnp.matmul, precision=jax.lax.Precision.HIGHEST)


def bgc(image: jax.Array, key: jax.Array, p: float | jax.Array) -> jax.Array:
    """Augments an image (H, W, C) in [-1, 1], where C is 1 or 3. Colours may leave the range.

    At p = 0 the image does not change. The augmentation is non-leaking for p below about 0.8 (section 2.2).

    >>> image = jnp.zeros((8, 8, 3))
    >>> jax.eval_shape(augmentation.bgc, image, jax.random.key(0), 0.5).shape
    (8, 8, 3)
    >>> adaptive = augmentation.ada(augmentation.bgc)  # as by default
    """
    blit_key, geometry_key, color_key = jax.random.split(key, 3)
    size = jnp.array(image.shape[:2], jnp.float32)
    image = warp(image, _matmul(geometry(geometry_key, p, size), blit(blit_key, p, size)))
    return recolor(image, **color(color_key, p))


def blit(key: jax.Array, p: float | jax.Array, size: jax.Array) -> jax.Array:
    """Draws the matrix (3, 3) of pixel blitting: a left-right flip, then quarter turns, then a shift by whole pixels.

    The flip is i ~ U{0, 1}, the number of quarter turns i ~ U{0, 1, 2, 3}, and the shift is U(-1/8, 1/8) times the
    `size` (2,) in each direction.
    """
    flip, turn, shift = jax.random.split(key, 3)
    mirrored = _with_probability(flip, p, lambda key: jax.random.bernoulli(key), False)
    quarters = _with_probability(turn, p, lambda key: jax.random.randint(key, (), 0, 4), 0)
    pixels = _with_probability(
        shift, p, lambda key: jnp.round(size * jax.random.uniform(key, (2,), minval=-1 / 8, maxval=1 / 8)), 0
    )
    return _product(shifted(pixels), turned(quarters), scaled(1, jnp.where(mirrored, -1, 1)))


def geometry(key: jax.Array, p: float | jax.Array, size: jax.Array) -> jax.Array:
    """Draws the matrix (3, 3) of general geometric transforms: scaling, rotation, stretching, rotation and a shift.

    Scales are log-normal, 2^N(0, 0.2^2). Angles are U(-pi, pi). Shifts are N(0, 1/8^2) times the `size` (2,), not
    rounded to whole pixels. Each of the two rotations has the probability 1 - sqrt(1 - p), so that at least one is
    applied with probability p.
    """
    scale, before, stretch, after, shift = jax.random.split(key, 5)
    rotate = 1 - jnp.sqrt(1 - p)
    s = _with_probability(scale, p, partial(_lognormal, 0.2), 1)
    stretch_x = _with_probability(stretch, p, partial(_lognormal, 0.2), 1)
    pixels = _with_probability(shift, p, lambda key: size / 8 * jax.random.normal(key, (2,)), 0)
    return _product(
        shifted(pixels),
        rotated(_with_probability(after, rotate, _angle, 0)),
        scaled(1 / stretch_x, stretch_x),
        rotated(_with_probability(before, rotate, _angle, 0)),
        scaled(s, s),
    )


def color(key: jax.Array, p: float | jax.Array) -> dict[str, jax.Array]:
    """Draws the arguments of `recolor`.

    Brightness is N(0, 0.2^2), contrast 2^N(0, 0.5^2), hue U(-pi, pi) and saturation 2^N(0, 1).
    """
    brightness, contrast, flip, hue, saturation = jax.random.split(key, 5)
    return {
        "brightness": _with_probability(brightness, p, lambda key: 0.2 * jax.random.normal(key), 0),
        "contrast": _with_probability(contrast, p, partial(_lognormal, 0.5), 1),
        "luma_flip": _with_probability(flip, p, lambda key: jax.random.bernoulli(key), False),
        "hue": _with_probability(hue, p, _angle, 0),
        "saturation": _with_probability(saturation, p, partial(_lognormal, 1), 1),
    }


def recolor(
    image: jax.Array,
    brightness: float | jax.Array,
    contrast: float | jax.Array,
    luma_flip: bool | jax.Array,
    hue: float | jax.Array,
    saturation: float | jax.Array,
) -> jax.Array:
    """Changes the colours of an image (H, W, 1 or 3).

    It adds `brightness`, multiplies by `contrast`, mirrors the luma, rotates the hue by `hue` radians, and multiplies
    the saturation, in this order. The luma axis is v = (1, 1, 1) / sqrt 3. Gray images have neither hue nor saturation.

    Raises ValueError for another number of channels.
    """
    channels = image.shape[-1]
    if channels not in (1, 3):
        raise ValueError(f"the colours of ADA are for images of 1 or 3 channels, not {channels}")
    luma = jnp.full((3, 3), 1 / 3)  # v v^T
    # Rodrigues' rotation about v: cos I + (1 - cos) v v^T + sin [v]x.
    cross = jnp.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / jnp.sqrt(3)
    turn = jnp.cos(hue) * jnp.eye(3) + (1 - jnp.cos(hue)) * luma + jnp.sin(hue) * cross
    saturate = saturation * jnp.eye(3) + (1 - saturation) * luma
    flip = jnp.where(luma_flip, 2, 0)
    image = contrast * (image + brightness)
    if channels == 1:
        return (1 - flip) * image
    return _matmul(image, _product(saturate, turn, jnp.eye(3) - flip * luma).T)


def warp(image: jax.Array, matrix: jax.Array) -> jax.Array:
    """Moves the pixel at position u of an image (H, W, C) to `matrix` u, where u = (y, x, 1) is relative to the centre.

    Interpolation is bilinear. Beyond the border, the image is mirrored about the centres of its outermost pixels. (The
    authors sample at twice the resolution with low-pass filters, which blurs large images less.)
    """
    height, width, _ = image.shape
    centre = (jnp.array([height, width]) - 1) / 2
    at = jnp.stack(jnp.meshgrid(jnp.arange(height), jnp.arange(width), indexing="ij"), -1) - centre
    (a, b), (c, d) = matrix[:2, :2]
    inverse = jnp.array([[d, -b], [-c, a]]) / (a * d - b * c)
    source = _matmul(at - matrix[:2, 2], inverse.T) + centre
    sample = partial(map_coordinates, coordinates=list(jnp.moveaxis(source, -1, 0)), order=1, mode="mirror")
    return jax.vmap(sample, in_axes=-1, out_axes=-1)(image)


def shifted(pixels: float | jax.Array) -> jax.Array:
    """Returns the matrix of a shift by `pixels`, which is (dy, dx) or one number for both."""
    return jnp.eye(3).at[:2, 2].set(pixels)


def scaled(y: float | jax.Array, x: float | jax.Array) -> jax.Array:
    """Returns the matrix of a scaling by these factors."""
    return jnp.diag(jnp.stack([jnp.float32(y), jnp.float32(x), jnp.float32(1)]))


def turned(quarters: int | jax.Array) -> jax.Array:
    """Returns the exact matrix of a number of counterclockwise quarter turns."""
    cos, sin = jnp.array([1, 0, -1, 0])[quarters], jnp.array([0, 1, 0, -1])[quarters]
    return _rotation(cos, sin)


def rotated(angle: float | jax.Array) -> jax.Array:
    """Returns the matrix of a counterclockwise rotation by an angle in radians."""
    return _rotation(jnp.cos(angle), jnp.sin(angle))


def _rotation(cos: jax.Array, sin: jax.Array) -> jax.Array:
    # In (y, x) coordinates with y downwards, a quarter turn leads from the right, (0, 1), to the top, (-1, 0).
    return jnp.eye(3).at[:2, :2].set(jnp.array([[cos, -sin], [sin, cos]]))


def _product(*matrices: jax.Array) -> jax.Array:
    return reduce(_matmul, matrices)


def _with_probability(key, p, draw, neutral):
    """Returns draw(key) with probability p, and otherwise the neutral value, which changes nothing."""
    apply_key, draw_key = jax.random.split(key)
    return jnp.where(jax.random.bernoulli(apply_key, p), draw(draw_key), neutral)


def _lognormal(std: float, key: jax.Array) -> jax.Array:
    return jnp.exp2(std * jax.random.normal(key))


def _angle(key: jax.Array) -> jax.Array:
    return jax.random.uniform(key, minval=-jnp.pi, maxval=jnp.pi)
