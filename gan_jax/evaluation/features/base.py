"""What all features are: a named and versioned function from images to what a network sees in them."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from flax.traverse_util import flatten_dict


class Seen(NamedTuple):
    """What a network sees in images.

    features: float32 (N, d).
    logits: the logits of its classes, float32 (N, K), or None if it has none.
    """

    features: Any
    logits: Any = None


@dataclass(frozen=True)
class Features:
    """A function from images to features, in which sets of images are compared.

    Attributes:
      name: what users call it.
      version: everything else that the features depend on: the weights, the resizing, the version of our network. Two
        figures can be compared only if they have the same name and version. It is also the key of cached features.
      description: a phrase for the captions of tables.
      see: the pure function (params, images) -> Seen of jax arrays. Images are (N, H, W, C) of any size with 1 or 3
        channels, with values in [0, 255]: uint8, or floats, by which it can be differentiated.
      params: the parameters that `see` takes.
      batch_size: the number of images that a device sees at once.
      of_dataset: whether the logits are those of the dataset's own classes.
    """

    name: str
    version: str
    description: str
    see: Callable[[Any, Any], Seen]
    params: Any
    batch_size: int = 64
    of_dataset: bool = False


def softmax(logits: np.ndarray) -> np.ndarray:
    """Logits (N, K) to probabilities (N, K) of the same dtype."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def digest(params: Any) -> str:
    """A hash of parameters, a tree of dictionaries of arrays, as 16 hexadecimal digits."""
    found = hashlib.sha256()
    for name, x in sorted(flatten_dict(params, sep=":").items()):
        found.update(name.encode() + np.asarray(x).tobytes())
    return found.hexdigest()[:16]
