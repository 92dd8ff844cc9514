"""How right label maps are that came out as colour images."""

import numpy as np


def read_labels(images: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """The label of the nearest colour of every pixel: uint8 (N, H, W, 3) and palette (L, 3) -> int (N, H, W)."""
    colours = palette.astype(np.float32)
    # |x - c|^2 without |x|^2, which is the same for every colour.
    scores = np.square(colours).sum(1) - 2 * images.astype(np.float32) @ colours.T
    return scores.argmin(-1)


def pixel_accuracy(labels: np.ndarray, truth: np.ndarray) -> float:
    """The share of pixels whose label, int (N, H, W), is the true one."""
    return float((labels == truth).mean())


def mean_iou(labels: np.ndarray, truth: np.ndarray, count: int) -> float:
    """The mean over `count` labels of intersection over union of their pixels, of those that either side has.

    Source: Long et al. (arXiv 1411.4038), section 5, "mean IU".
    """
    confusion = np.bincount((truth * count + labels).ravel(), minlength=count**2).reshape(count, count)
    shared = np.diag(confusion)
    union = confusion.sum(0) + confusion.sum(1) - shared
    return float((shared[union > 0] / union[union > 0]).mean())
