"""How similar images are to the true ones, pixel by pixel: L1, PSNR and SSIM."""

import numpy as np
from scipy.ndimage import correlate1d

# The window and the constants of SSIM: Wang et al., section III.C.
_DEVIATION, _RADIUS = 1.5, 5
_C1, _C2 = 0.01**2, 0.03**2

# The squared error of half a gray level of 8 bits. Images with smaller errors are practically equal.
_LEAST_SQUARED_ERROR = (0.5 / 255) ** 2


def l1(images: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The mean absolute difference of each image from the true one, (N,), for values in [0, 1]. Lower is better.

    Both arrays are uint8 (N, H, W, C). Raises ValueError if their shapes differ.

    >>> from gan_jax.evaluation.metrics import l1
    >>> black, gray = np.zeros((2, 8, 8, 1), np.uint8), np.full((2, 8, 8, 1), 51, np.uint8)
    >>> l1(gray, truth=black).round(3).tolist()  # 51 / 255
    [0.2, 0.2]
    """
    return np.array([np.abs(a - b).mean() for a, b in _pairs(images, truth)])


def psnr(images: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The peak signal-to-noise ratio of each image in decibels, (N,). Higher is better.

    It is -10 log10 of the mean squared difference of values in [0, 1]. Its maximum is 54.2, the value for an error of
    half a gray level, so that it is finite for equal images.

    Both arrays are uint8 (N, H, W, C). Raises ValueError if their shapes differ.

    >>> from gan_jax.evaluation.metrics import psnr
    >>> black, gray = np.zeros((2, 8, 8, 1), np.uint8), np.full((2, 8, 8, 1), 51, np.uint8)
    >>> psnr(gray, truth=black).round(2).tolist()  # -10 log10 of 0.2^2
    [13.98, 13.98]
    >>> psnr(black, truth=black).round(1).tolist()
    [54.2, 54.2]
    """
    errors = np.array([np.square(a - b).mean() for a, b in _pairs(images, truth)])
    return -10 * np.log10(np.maximum(errors, _LEAST_SQUARED_ERROR))


def ssim(images: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The structural similarity of each image to the true one, (N,), at most 1. Higher is better.

    It is the mean over channels and over all windows inside the image. A window is Gaussian, with 11x11 pixels and a
    standard deviation of 1.5; K1 = 0.01 and K2 = 0.03. If a side of the image is shorter than 11 pixels, the window has
    the largest odd size that fits.

    Both arrays are uint8 (N, H, W, C). Raises ValueError if their shapes differ.
    Source: Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity", equation 13.

    >>> from gan_jax.evaluation.metrics import ssim
    >>> digits = data.load("digits", resolution=8).test.images[:2]
    >>> ssim(digits, truth=digits).round(3).tolist()
    [1.0, 1.0]
    >>> bool((ssim(255 - digits, truth=digits) < 0).all())  # negatives have the opposite structure
    True
    """
    radius = min(_RADIUS, (min(truth.shape[1:3]) - 1) // 2)
    window = np.exp(-np.square(np.arange(-radius, radius + 1) / _DEVIATION) / 2)
    window /= window.sum()

    def smooth(x: np.ndarray) -> np.ndarray:
        x = correlate1d(correlate1d(x, window, 0), window, 1)
        return x[radius : len(x) - radius, radius : x.shape[1] - radius]

    def of_one(a: np.ndarray, b: np.ndarray) -> float:
        mean_a, mean_b = smooth(a), smooth(b)
        variance_a, variance_b = smooth(a * a) - mean_a**2, smooth(b * b) - mean_b**2
        covariance = smooth(a * b) - mean_a * mean_b
        luminance = (2 * mean_a * mean_b + _C1) / (mean_a**2 + mean_b**2 + _C1)
        structure = (2 * covariance + _C2) / (variance_a + variance_b + _C2)
        return float((luminance * structure).mean())

    return np.array([of_one(a, b) for a, b in _pairs(images, truth)])


def _pairs(images: np.ndarray, truth: np.ndarray):
    """Pairs of an image and the true one, float64 in [0, 1]. Raises ValueError if the shapes differ."""
    if images.shape != truth.shape:
        raise ValueError(f"images of shape {images.shape} cannot be compared with true ones of shape {truth.shape}")
    return ((a / 255, b / 255) for a, b in zip(images, truth, strict=True))
