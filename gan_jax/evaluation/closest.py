"""A picture of the samples that are closest to training images, by which copies are seen."""

import numpy as np

from gan_jax.data import Images
from gan_jax.data.batching import pick
from gan_jax.reporting import grid

_PAIRS = 10


def closest_pairs(samples: Images, train: Images, distances: np.ndarray, closest: np.ndarray) -> np.ndarray:
    """The 10 samples that are closest to a training image, and below each this image: a picture uint8 (H, W, C).

    distances: the distance of each sample to the nearest training image. closest: which one that is, int.

    The closest pair is on the left. Images of different training images are shown: of samples with the same nearest
    one, the closest.
    """
    order = np.argsort(distances, kind="stable")
    _, first = np.unique(closest[order], return_index=True)
    shown = order[np.sort(first)[:_PAIRS]]
    rows = pick(samples, shown), pick(train, closest[shown])
    channels = max(images.shape[3] for images in rows)
    return grid(np.concatenate([np.broadcast_to(x, (*x.shape[:3], channels)) for x in rows]), len(shown))
