"""How well a map of attention says where people looked: the measures of the MIT/Tuebingen saliency benchmark.

A map is float (H, W), finite and not negative. Fixations are int (K, 2): rows and columns of pixels. A density is a map
of the true fixations.

Source: Bylinskii et al. 2019, "What do different evaluation metrics tell us about saliency models?" (arXiv 1604.03605),
section 4. Their code takes thresholds at the values of fixated pixels only. Here the area under the whole curve is
exact, and equal values count one half.
"""

import numpy as np
from scipy.stats import rankdata

# As in the authors' code. Higher than the rounding of any of the maps.
_EPSILON = 2.2204e-16


def auc_judd(saliency: np.ndarray, fixations: np.ndarray) -> float:
    """The area under the ROC curve, with fixated pixels as positives and all others as negatives: chance is 0.5.

    Source: Judd, Ehinger, Durand and Torralba 2009, "Learning to predict where humans look".
    """
    fixated = np.zeros(saliency.shape, bool)
    fixated[tuple(fixations.T)] = True
    return _roc_area(saliency[fixated], saliency[~fixated])


def shuffled_auc(saliency: np.ndarray, fixations: np.ndarray, others: np.ndarray) -> float:
    """The area under the ROC curve, with `others`, the fixations in other pictures, as negatives.

    People look at the middle of any picture, so a map that only knows the middle is near 0.5 here. Source: Zhang et
    al. 2008, "SUN: A Bayesian framework for saliency using natural statistics", section 4.2.
    """
    return _roc_area(saliency[tuple(fixations.T)], saliency[tuple(others.T)])


def normalized_scanpath_saliency(saliency: np.ndarray, fixations: np.ndarray) -> float:
    """NSS: the mean over fixations of the map, after its mean is made 0 and its deviation 1. Chance is 0.

    Source: Peters et al. 2005, "Components of bottom-up gaze allocation in natural images". A constant map has 0.
    """
    deviation = saliency.std()
    return float((saliency[tuple(fixations.T)].mean() - saliency.mean()) / deviation) if deviation > 0 else 0.0


def correlation(saliency: np.ndarray, density: np.ndarray) -> float:
    """CC: Pearson's correlation of the map with the density, from -1 to 1. A constant map has 0."""
    a, b = saliency - saliency.mean(), density - density.mean()
    scale = np.sqrt(np.square(a).sum() * np.square(b).sum())
    return float((a * b).sum() / scale) if scale > 0 else 0.0


def similarity(saliency: np.ndarray, density: np.ndarray) -> float:
    """SIM: the sum of the pixelwise minima of both, each with a sum of 1. It is from 0 to 1, for equal ones."""
    return float(np.minimum(_normalized(saliency), _normalized(density)).sum())


def kl_divergence(saliency: np.ndarray, density: np.ndarray) -> float:
    """KL: the divergence of the map from the density, each with a sum of 1, in nats. Lower is better, at least 0.

        sum over pixels of q log(e + q / (p + e)), with q the density, p the map and e = 2.2e-16

    A pixel where people looked and the map is 0 costs a lot.
    """
    p, q = _normalized(saliency), _normalized(density)
    return float((q * np.log(_EPSILON + q / (p + _EPSILON))).sum())


def _normalized(values: np.ndarray) -> np.ndarray:
    total = values.sum()
    return values / total if total > 0 else np.full(values.shape, 1 / values.size)


def _roc_area(positives: np.ndarray, negatives: np.ndarray) -> float:
    """The area under the ROC curve: the chance that a positive is above a negative (Mann and Whitney's U)."""
    ranks = rankdata(np.concatenate([positives, negatives]))[: len(positives)]
    above = ranks.sum() - len(positives) * (len(positives) + 1) / 2
    return float(above / (len(positives) * len(negatives)))
