"""The accuracy of label maps that are given as colour images."""

import numpy as np


def read_labels(images: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """The label of each pixel of images uint8 (N, H, W, 3), int (N, H, W): that of the nearest colour of the palette.

    palette: the colours of the labels, uint8 (L, 3).

    >>> from gan_jax.evaluation.metrics import read_labels
    >>> palette = np.array([[0, 0, 0], [255, 0, 0], [0, 0, 255]], np.uint8)  # black, red and blue
    >>> read_labels(np.array([[[[230, 20, 10], [10, 10, 10], [30, 0, 200]]]], np.uint8), palette).tolist()
    [[[1, 0, 2]]]
    """
    colours = palette.astype(np.float32)
    # |x - c|^2 without |x|^2, which is the same for all colours c.
    scores = np.square(colours).sum(1) - 2 * images.astype(np.float32) @ colours.T
    return scores.argmin(-1)


def pixel_accuracy(labels: np.ndarray, truth: np.ndarray) -> float:
    """The share of pixels whose label is the true one. Both arrays are int (N, H, W).

    >>> from gan_jax.evaluation.metrics import pixel_accuracy
    >>> pixel_accuracy(np.array([[[0, 0], [0, 1]]]), truth=np.array([[[0, 0], [1, 1]]]))
    0.75
    """
    return float((labels == truth).mean())


def mean_iou(labels: np.ndarray, truth: np.ndarray, count: int) -> float:
    """The intersection over union of the pixels of a label, as the mean over labels. Both arrays are int (N, H, W).

    Labels are below `count`. A label that neither array has does not count.

    Source: Long et al. (arXiv 1411.4038), section 5, "mean IU".

    >>> from gan_jax.evaluation.metrics import mean_iou
    >>> labels, truth = np.array([[[0, 0], [0, 1]]]), np.array([[[0, 0], [1, 1]]])
    >>> round(mean_iou(labels, truth, count=2), 3)  # the mean of 2/3 for label 0 and 1/2 for label 1
    0.583
    """
    confusion = np.bincount((truth * count + labels).ravel(), minlength=count**2).reshape(count, count)
    shared = np.diag(confusion)
    union = confusion.sum(0) + confusion.sum(1) - shared
    return float((shared[union > 0] / union[union > 0]).mean())
