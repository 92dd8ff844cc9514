"""The transforms of adaptive discriminator augmentation (Karras et al. 2020, arXiv 2006.06676, appendix B).

`bgc` is the paper's default: pixel blitting, general geometric and colour transforms, each applied with probability p.
Its draws are apart from what is done with them: matrices of positions (y, x, 1) about the image's centre, which `warp`
applies in one resampling, and `recolor`.
"""

from functools import partial, reduce

import jax
import jax.numpy as jnp
from jax.scipy.ndimage import map_coordinates

# Products of full precision on every backend: positions are in pixels, and need more bits than a TPU's default has.
_matmul = partial(jnp.matmul, precision=jax.lax.Precision.HIGHEST)


def bgc(image: jax.Array, key: jax.Array, p: float | jax.Array) -> jax.Array:
    """(H, W, C) in [-1, 1], C 1 or 3, to the same shape; colours may leave the range. At p = 0 the very same image.

    Non-leaking for p below about 0.8 (section 2.2).
    """
    blit_key, geometry_key, color_key = jax.random.split(key, 3)
    size = jnp.array(image.shape[:2], jnp.float32)
    image = warp(image, _matmul(geometry(geometry_key, p, size), blit(blit_key, p, size)))
    return recolor(image, **color(color_key, p))


def blit(key: jax.Array, p: float | jax.Array, size: jax.Array) -> jax.Array:
    """Pixel blitting: a left-right flip, then quarter turns, then a shift by whole pixels; (3, 3).

    i ~ U{0, 1}, i ~ U{0, 1, 2, 3} and U(-1/8, 1/8) of the `size` (2,) each way.
    """
    flip, turn, shift = jax.random.split(key, 3)
    mirrored = _perhaps(flip, p, lambda key: jax.random.bernoulli(key), False)
    quarters = _perhaps(turn, p, lambda key: jax.random.randint(key, (), 0, 4), 0)
    pixels = _perhaps(
        shift, p, lambda key: jnp.round(size * jax.random.uniform(key, (2,), minval=-1 / 8, maxval=1 / 8)), 0
    )
    return _product(shifted(pixels), turned(quarters), scaled(1, jnp.where(mirrored, -1, 1)))


def geometry(key: jax.Array, p: float | jax.Array, size: jax.Array) -> jax.Array:
    """General geometric transforms: scaling, rotation, stretching, rotation, a shift by fractions of pixels; (3, 3).

    Scales are log-normal, 2^N(0, 0.2^2); angles U(-pi, pi); shifts N(0, 1/8^2) of the `size` (2,). Two rotations, each
    with probability 1 - sqrt(1 - p), so that either is applied with p.
    """
    scale, before, stretch, after, shift = jax.random.split(key, 5)
    rotate = 1 - jnp.sqrt(1 - p)
    s = _perhaps(scale, p, partial(_lognormal, 0.2), 1)
    stretch_x = _perhaps(stretch, p, partial(_lognormal, 0.2), 1)
    pixels = _perhaps(shift, p, lambda key: size / 8 * jax.random.normal(key, (2,)), 0)
    return _product(
        shifted(pixels),
        rotated(_perhaps(after, rotate, _angle, 0)),
        scaled(1 / stretch_x, stretch_x),
        rotated(_perhaps(before, rotate, _angle, 0)),
        scaled(s, s),
    )


def color(key: jax.Array, p: float | jax.Array) -> dict[str, jax.Array]:
    """What `recolor` takes. Brightness N(0, 0.2^2), contrast 2^N(0, 0.5^2), hue U(-pi, pi), saturation 2^N(0, 1)."""
    brightness, contrast, flip, hue, saturation = jax.random.split(key, 5)
    return {
        "brightness": _perhaps(brightness, p, lambda key: 0.2 * jax.random.normal(key), 0),
        "contrast": _perhaps(contrast, p, partial(_lognormal, 0.5), 1),
        "luma_flip": _perhaps(flip, p, lambda key: jax.random.bernoulli(key), False),
        "hue": _perhaps(hue, p, _angle, 0),
        "saturation": _perhaps(saturation, p, partial(_lognormal, 1), 1),
    }


def recolor(
    image: jax.Array,
    brightness: float | jax.Array,
    contrast: float | jax.Array,
    luma_flip: bool | jax.Array,
    hue: float | jax.Array,
    saturation: float | jax.Array,
) -> jax.Array:
    """(H, W, 1 or 3): adds, multiplies, mirrors the luma, turns the hue (radians), multiplies the saturation, in turn.

    The luma axis is v = (1, 1, 1) / sqrt 3. Gray images have neither hue nor saturation.

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
    """Moves what is at position u of the image (H, W, C) to `matrix` u, with u = (y, x, 1) from the centre; (H, W, C).

    Bilinear, and mirrored about the centres of the outermost pixels beyond them. (The authors sample at twice the
    resolution through low-pass filters, which blurs less at large images.)
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
    """The matrix that moves by `pixels`, (dy, dx) or one number for both."""
    return jnp.eye(3).at[:2, 2].set(pixels)


def scaled(y: float | jax.Array, x: float | jax.Array) -> jax.Array:
    """The matrix that magnifies by these factors."""
    return jnp.diag(jnp.stack([jnp.float32(y), jnp.float32(x), jnp.float32(1)]))


def turned(quarters: int | jax.Array) -> jax.Array:
    """The matrix of so many counterclockwise quarter turns, exactly."""
    cos, sin = jnp.array([1, 0, -1, 0])[quarters], jnp.array([0, 1, 0, -1])[quarters]
    return _rotation(cos, sin)


def rotated(angle: float | jax.Array) -> jax.Array:
    """The matrix of a counterclockwise rotation, in radians."""
    return _rotation(jnp.cos(angle), jnp.sin(angle))


def _rotation(cos: jax.Array, sin: jax.Array) -> jax.Array:
    # In (y, x) with y downwards: from the right, (0, 1), to the top, (-1, 0).
    return jnp.eye(3).at[:2, :2].set(jnp.array([[cos, -sin], [sin, cos]]))


def _product(*matrices: jax.Array) -> jax.Array:
    return reduce(_matmul, matrices)


def _perhaps(key, p, draw, neutral):
    """With probability p what is drawn, else what changes nothing."""
    whether, what = jax.random.split(key)
    return jnp.where(jax.random.bernoulli(whether, p), draw(what), neutral)


def _lognormal(std: float, key: jax.Array) -> jax.Array:
    return jnp.exp2(std * jax.random.normal(key))


def _angle(key: jax.Array) -> jax.Array:
    return jax.random.uniform(key, minval=-jnp.pi, maxval=jnp.pi)
