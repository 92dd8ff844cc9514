"""A discriminator as a classifier: how well its head "classes" does on images (see `networks.heads`)."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.data.batching import take
from gan_jax.data.dataset import Images, Split
from gan_jax.data.transforms import to_float

_BATCH = 256


def class_probabilities(discriminator: nn.Module, variables: Mapping[str, Any], images: Images) -> np.ndarray:
    """The softmax of the head "classes" for images uint8 (N, H, W, C): float32 (N, K), rows that sum to 1.

    variables: the discriminator's of a trained game, `game.networks(state)["discriminator"]`. It is applied in
    evaluation mode.

    Raises ValueError for a discriminator without that head.
    """

    @jax.jit
    def classify(variables, images):
        output = discriminator.apply(variables, to_float(images), train=False)
        if not isinstance(output, dict) or "classes" not in output:
            raise ValueError('the discriminator has no head "classes": see gan_jax.networks.heads')
        return jax.nn.softmax(output["classes"].astype(jnp.float32))

    count, size = len(images), min(len(images), _BATCH)
    found = []
    for start in range(0, count, size):
        # The last batch is filled up with repetitions, so that all have one shape and the program is compiled once.
        rows = np.arange(start, start + size) % count
        found.append(np.asarray(classify(variables, take(Split(images, None), rows)["image"])))
    return np.concatenate(found)[:count]


def class_accuracy(discriminator: nn.Module, variables: Mapping[str, Any], split: Split) -> float:
    """The share of the images that `class_probabilities` gives the highest probability to the class they are labelled.

    Raises ValueError for a split without labels, or with hidden ones.
    """
    if split.labels is None or np.min(split.labels) < 0:
        raise ValueError("the accuracy of a classifier needs the label of every image")
    predicted = class_probabilities(discriminator, variables, split.images).argmax(axis=1)
    return float(np.mean(predicted == split.labels))
