"""Maps of where people looked: fixations, which are points, blurred to a density over the pixels."""

import numpy as np
from scipy.ndimage import gaussian_filter


def fixated_pixels(fixations: np.ndarray, height: int, width: int) -> np.ndarray:
    """How many of the fixations (K, 2), rows and columns in pixels, fall on each pixel: int64 (height, width)."""
    rows, columns = np.floor(fixations).astype(int).T
    counts = np.bincount(rows * width + columns, minlength=height * width)
    return counts.reshape(height, width)


def density(fixations: np.ndarray, height: int, width: int, deviation: float) -> np.ndarray:
    """The fixations (K, 2) blurred by a Gaussian, float64 (height, width) with a sum of 1.

    deviation: of the Gaussian in pixels. It stands for the part of a picture that the eye sees sharply, and is one
        degree of the field of view by custom (Le Meur and Baccino 2013, "Methods for comparing scanpaths and saliency
        maps"). Outside of the picture there is nothing, so that little is lost there.
    """
    blurred = gaussian_filter(fixated_pixels(fixations, height, width).astype(float), deviation, mode="constant")
    return blurred / blurred.sum()


def gray(values: np.ndarray) -> np.ndarray:
    """A map (height, width) of values from 0 on as a gray image, uint8 (height, width, 1), whose maximum is white."""
    return np.rint(255 * values / max(values.max(), np.finfo(float).tiny)).astype(np.uint8)[..., None]
