"""The measures of images: each compares what features see in a set of images with what they see in a reference set.

To add a measure, write a function and a line of MEASURES. `figures.FIGURES` may say what its figures are called.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from gan_jax.evaluation.features import Features
from gan_jax.evaluation.looked_at import LookedAt
from gan_jax.evaluation.metrics import (
    Moments,
    Neighborhoods,
    frechet_distance_of_moments,
    inception_score,
    intra_class_frechet_distance,
    kernel_distance,
    manifold_measures,
    moments_of,
)
from gan_jax.evaluation.metrics.manifolds import DENSITY_NEIGHBORS, PRECISION_NEIGHBORS

# Density and coverage need the fifth nearest neighbour of each image within its own set.
FEWEST = 6

Figures = dict[str, float]

_SUBSETS, _SUBSET_SIZE = 100, 1000
_SPLITS = 10


class Reference:
    """The images that others are compared with. What the measures need of them is computed once."""

    def __init__(self, images: LookedAt):
        self.images = images
        self.features, self.labels = images.seen.features, images.labels

    @cached_property
    def moments(self) -> Moments:
        """The moments of their features."""
        return moments_of(self.features)

    @cached_property
    def neighborhoods(self) -> Neighborhoods:
        """The distances to neighbours among them."""
        return Neighborhoods(self.features)


class Measure(NamedTuple):
    """A measure.

    figures: the function from images, and from the reference, to figures by name.
    settings: what the figures depend on beside the images, the features and their numbers.
    """

    figures: Callable[[LookedAt, Reference], Figures]
    settings: Mapping[str, Any]


def compare(images: LookedAt, reference: Reference) -> Figures:
    """The figures of all measures by name. Both sets have at least FEWEST images."""
    return {name: x for measure in MEASURES for name, x in measure.figures(images, reference).items()}


def settings(features: Features, image_shape: Sequence[int]) -> dict[str, Any]:
    """What the figures depend on beside the images themselves and their numbers, as plain values by name."""
    seen = {"image_shape": list(image_shape), "features": features.name, "features_version": features.version}
    return seen | {name: x for measure in MEASURES for name, x in measure.settings.items()}


def _frechet(images: LookedAt, reference: Reference) -> Figures:
    distance = frechet_distance_of_moments(moments_of(images.seen.features), reference.moments)
    return {"frechet_distance": distance}


def _intra_class(images: LookedAt, reference: Reference) -> Figures:
    """None without labels, and where a class has fewer than the two images that have a covariance."""
    if images.labels is None or reference.labels is None:
        return {}
    classes = int(max(images.labels.max(), reference.labels.max())) + 1
    counts = [np.bincount(labels[labels >= 0], minlength=classes) for labels in (images.labels, reference.labels)]
    if np.min(counts) < 2:
        return {}
    distance = intra_class_frechet_distance(reference.features, reference.labels, images.seen.features, images.labels)
    return {"intra_class_frechet_distance": distance}


def _kernel(images: LookedAt, reference: Reference) -> Figures:
    mean, deviation = kernel_distance(reference.features, images.seen.features, _SUBSETS, _SUBSET_SIZE)
    # With few images there is one pair of subsets, which has no deviation.
    return {"kernel_distance": mean, **({"kernel_distance_deviation": deviation} if deviation else {})}


def _manifolds(images: LookedAt, reference: Reference) -> Figures:
    return manifold_measures(reference.neighborhoods, images.seen.features)._asdict()


def _inception_score(images: LookedAt, reference: Reference) -> Figures:
    if images.seen.logits is None:
        return {}
    mean, deviation = inception_score(images.seen.logits, _SPLITS)
    return {"inception_score": mean, "inception_score_deviation": deviation}


MEASURES = (
    Measure(_frechet, {}),
    Measure(_intra_class, {}),
    Measure(_kernel, {"kernel_subsets": _SUBSETS, "kernel_subset_size": _SUBSET_SIZE}),
    Measure(
        _manifolds,
        {"precision_recall_neighbors": PRECISION_NEIGHBORS, "density_coverage_neighbors": DENSITY_NEIGHBORS},
    ),
    Measure(_inception_score, {"inception_score_splits": _SPLITS}),
)
