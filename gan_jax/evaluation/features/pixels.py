"""Pixels as features: no network, and so nothing of what people see, but the same for any images."""

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.data.splits import shuffled, uniform
from gan_jax.evaluation.features.base import Features, Seen

# Images of more numbers are projected to so many.
MOST = 2048


def pixels(image_shape: tuple[int, int, int]) -> Features:
    """The pixels of images (H, W, C), with values in [0, 1], as features (N, H W C).

    Images with more than 2048 numbers are projected to 2048, always in the same way. That keeps squared distances on
    average, and to a few per cent for nearly all pairs: random signs, a cosine transform, and a random choice of its
    coordinates, as Ailon and Chazelle 2006, "Approximate nearest neighbors and the fast Johnson-Lindenstrauss
    transform".
    """
    size = int(np.prod(image_shape))
    return Features(
        name="pixels",
        version="1, as they are" if size <= MOST else f"1, projected from {size} to {MOST}",
        description="pixels" if size <= MOST else f"pixels, projected to {MOST} dimensions",
        see=_see if size <= MOST else _see_projected,
        params=None if size <= MOST else _projection(size),
        batch_size=512,
    )


def _see(params: None, images: jax.Array) -> Seen:
    return Seen(images.reshape(len(images), -1).astype(jnp.float32) / 255)


def _see_projected(params: dict[str, np.ndarray], images: jax.Array) -> Seen:
    x, _ = _see(None, images)
    turned = jax.scipy.fft.dct(x * params["signs"], norm="ortho")
    return Seen(turned[:, params["chosen"]] * np.sqrt(x.shape[1] / MOST, dtype=np.float32))


def _projection(size: int) -> dict[str, np.ndarray]:
    """A sign for each of `size` numbers, and which 2048 of their transform are taken."""
    signs = np.where(uniform(size, "signs of pixels") < 0.5, -1.0, 1.0).astype(np.float32)
    return {"signs": signs, "chosen": np.sort(shuffled(size, MOST)[:MOST])}
