"""A discriminator as a classifier: the accuracy of its head "classes" (see `networks.layers.heads`)."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.data import Images, Split
from gan_jax.data.batching import pick
from gan_jax.data.transforms import to_float

_BATCH = 256


def class_probabilities(discriminator: nn.Module, variables: Mapping[str, Any], images: Images) -> np.ndarray:
    """Class probabilities of images uint8 (N, H, W, C), float32 (N, K): the softmax of the head "classes".

    variables: the Flax variables of the discriminator of a trained game, `networks(state)["discriminator"]`. It is
        applied in evaluation mode.

    Raises ValueError for a discriminator without this head.

    >>> from gan_jax.evaluation.metrics import class_probabilities
    >>> class Brightness(nn.Module):  # dark images are of class 0, and bright ones of class 1
    ...     def __call__(self, images, train):
    ...         mean = images.mean((1, 2, 3))
    ...         return {"logits": mean, "classes": jnp.stack([-mean, mean], 1)}
    >>> black_and_white = np.repeat(np.array([0, 255], np.uint8), 64).reshape(2, 8, 8, 1)
    >>> print(class_probabilities(Brightness(), {}, black_and_white).round(2))  # 0.88 is e / (e + 1 / e)
    [[0.88 0.12]
     [0.12 0.88]]
    """

    @jax.jit
    def classify(variables, images):
        output = discriminator.apply(variables, to_float(images), train=False)
        if not isinstance(output, dict) or "classes" not in output:
            raise ValueError('the discriminator has no head "classes": see gan_jax.networks.layers.heads')
        return jax.nn.softmax(output["classes"].astype(jnp.float32))

    count, size = len(images), min(len(images), _BATCH)
    probabilities = []
    for start in range(0, count, size):
        # The last batch is padded with repeated images: with one shape for all, the program is compiled once.
        rows = np.arange(start, start + size) % count
        probabilities.append(np.asarray(classify(variables, pick(images, rows))))
    return np.concatenate(probabilities)[:count]


def class_accuracy(discriminator: nn.Module, variables: Mapping[str, Any], split: Split) -> float:
    """The share of images whose label is the class with the highest of their `class_probabilities`.

    Raises ValueError for a split without labels or with hidden labels.

    >>> from gan_jax.evaluation.metrics import class_accuracy
    >>> class Brightness(nn.Module):  # dark images are of class 0, and bright ones of class 1
    ...     def __call__(self, images, train):
    ...         mean = images.mean((1, 2, 3))
    ...         return {"logits": mean, "classes": jnp.stack([-mean, mean], 1)}
    >>> images = np.repeat(np.array([0, 100, 200, 255], np.uint8), 4).reshape(4, 2, 2, 1)
    >>> class_accuracy(Brightness(), {}, data.Split(images, labels=np.array([0, 1, 1, 1])))
    0.75
    """
    if split.labels is None or np.min(split.labels) < 0:
        raise ValueError("the accuracy of a classifier needs the label of every image")
    predicted = class_probabilities(discriminator, variables, split.images).argmax(axis=1)
    return float(np.mean(predicted == split.labels))
