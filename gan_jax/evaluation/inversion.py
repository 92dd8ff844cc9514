"""How well latents of images are found: errors of pixels, and the closest training images as a baseline."""

import numpy as np

from gan_jax.data import Images
from gan_jax.data.batching import pick


def closest_images(images: np.ndarray, known: np.ndarray, training: Images) -> np.ndarray:
    """For each image the training image that is closest in the known pixels: a baseline of inversion and inpainting.

    images: uint8 (N, H, W, C). known: bool (H, W). training: uint8 (M, H, W, C). Returns uint8 (N, H, W, C).
    """
    others = pick(training, np.arange(len(training)))
    wanted, offered = (x[:, known].reshape(len(x), -1).astype(np.float32) for x in (images, others))
    # |a - b|^2 less |a|^2, which is the same for all b.
    distances = np.sum(np.square(offered), 1) - 2 * wanted @ offered.T
    return others[distances.argmin(1)]


def pixel_errors(images: np.ndarray, made: np.ndarray, where: np.ndarray | None = None) -> np.ndarray:
    """The root mean squared differences of images uint8 (N, H, W, C), in units of [0, 1], float64 (N,).

    where: bool (H, W), the pixels that count. None if all do.
    """
    squares = np.square((images.astype(np.float64) - made) / 255).mean(3)
    return np.sqrt(squares.mean((1, 2)) if where is None else squares[:, where].mean(1))
