"""Attention without training: the spectral residual of a picture (Hou and Zhang 2007)."""

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter, uniform_filter

_WIDTH = 64  # the authors' scale, at which a picture's pop-out is best
_AVERAGE = 3
_DEVIATION = 2.5


def spectral_residual(picture: np.ndarray) -> np.ndarray:
    """The saliency of a picture uint8 (H, W, 1 or 3), float64 (H, W), from 0 to 1. It is 0 if the picture is constant.

    The log spectrum of natural pictures is smooth. Its difference from its own average, transformed back with the
    phases kept, is large where the picture is unlike the rest.

    Source: Hou and Zhang 2007, "Saliency detection: a spectral residual approach", equations 4 to 6. The constants are
    those of the authors' code.
    """
    height, width = picture.shape[:2]
    gray = Image.fromarray(picture.squeeze()).convert("L")
    small = np.asarray(gray.resize((_WIDTH, max(1, round(_WIDTH * height / width))), Image.Resampling.BICUBIC), float)
    if small.min() == small.max():
        return np.zeros((height, width))
    spectrum = np.fft.fft2(small / 255)
    # Patterns have zeros in their spectra.
    amplitudes = np.log(np.maximum(np.abs(spectrum), 1e-9))
    residual = amplitudes - uniform_filter(amplitudes, _AVERAGE, mode="nearest")
    saliency = np.square(np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))))
    blurred = gaussian_filter(saliency, _DEVIATION, mode="nearest").astype(np.float32)
    large = np.asarray(Image.fromarray(blurred).resize((width, height), Image.Resampling.BICUBIC), float)
    return (large - large.min()) / np.ptp(large)
