"""The inception score: how sure a classifier is of each image, and how varied the classes of all images are."""

from typing import NamedTuple

import numpy as np
from scipy.special import log_softmax, logsumexp

from gan_jax.common.errors import UsageError


class InceptionScore(NamedTuple):
    """mean, deviation: those of the scores of the parts of a set."""

    mean: float
    deviation: float


def inception_score(logits: np.ndarray, splits: int = 10) -> InceptionScore:
    """exp(E_x KL(p(y|x) || p(y))): the mean and the standard deviation over equal parts of the images.

    logits: those of a classifier for images, (N, K).
    splits: the number of parts, which are taken in the order of the images. With fewer images than parts, each image is
        a part, and the score is 1.

    It is between 1 and K. It does not look at real images: it cannot see that a class lacks variety, or that images
    belong to no class that the classifier knows.

    Source: Salimans et al. 2016 (arXiv 1606.03498), section 4, and Barratt and Sharma 2018 (arXiv 1801.01973) on its
    limits.
    Raises UsageError for no images, and for logits that are not finite.

    >>> from gan_jax.evaluation.metrics import inception_score
    >>> sure = 100 * np.eye(4)  # four images, each surely of a class of its own
    >>> round(inception_score(sure, splits=1).mean, 3)
    4.0
    >>> round(inception_score(sure[[0, 0, 0, 0]], splits=1).mean, 3)  # all are of one class
    1.0
    """
    if logits.ndim != 2 or not len(logits):
        raise UsageError(f"the inception score needs logits (N, K), not {logits.shape}")
    if not np.isfinite(logits).all():
        raise UsageError("logits are not finite: the weights of the network that sees the images are broken")
    log_p = log_softmax(np.asarray(logits, np.float64), axis=1)
    scores = []
    ends = np.arange(1, splits + 1) * len(log_p) // splits
    for part in np.split(log_p, ends[:-1]) if len(log_p) >= splits else log_p[:, None]:
        log_marginal = logsumexp(part, axis=0) - np.log(len(part))
        scores.append(np.exp(np.mean(np.sum(np.exp(part) * (part - log_marginal), axis=1))))
    return InceptionScore(float(np.mean(scores)), float(np.std(scores)))
