"""Features of the Inception-v3 of published figures: the Frechet Inception distance (FID) and the inception score."""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict

from gan_jax.common.errors import UsageError
from gan_jax.data import cache_dir
from gan_jax.evaluation.features.base import Features, Seen
from gan_jax.evaluation.features.inception_network import CLASSES, FEATURES, SIDE, InceptionV3
from gan_jax.evaluation.features.resizing import tensorflow_1_bilinear
from gan_jax.networks.pretrained.published import fold, read_published, take

# Raise this when the network or what is done to images before it changes.
_VERSION = 1

_FILE = "weights-inception-2015-12-05-6726825d.pth"
_URL = f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{_FILE}"
# PyTorch names files by the first digits of their SHA-256.
_SHA256 = "6726825d"
_WHAT = "the weights of FID's Inception-v3"
_VARIABLE = "GAN_JAX_INCEPTION"

_EPSILON = 1e-3


def inception(path: Path | None = None) -> Features:
    """The Inception-v3 of 2015-12-05 as features: 2048 numbers, pooled over the image, and the logits of 1008 classes.

    Its weights are a download: torch-fidelity's file of the published TensorFlow graph. It is never unpickled, and its
    SHA-256 is checked. Images of any size are resized to 299x299 as TensorFlow 1 did it. Gray ones have three equal
    channels. Features and logits are those of torch-fidelity ("2048" and "logits_unbiased").

    path: the file. By default it is the one that the environment variable GAN_JAX_INCEPTION names, or else the one of
        its name in the cache.

    Source: Heusel et al. 2017 (arXiv 1706.08500); Salimans et al. 2016 (arXiv 1606.03498).
    Raises UsageError if there is no such file, or if it is another one.
    """
    named = os.environ.get(_VARIABLE)
    path = path or (Path(named).expanduser() if named else cache_dir() / "inception" / _FILE)
    if not path.is_file():
        raise UsageError(
            f"{_WHAT} are not at {path}: download {_URL} to that place, or let {_VARIABLE} name the file where it is"
        )
    return _load(path)


@cache
def _load(path: Path) -> Features:
    return of_state(read_published(path, _SHA256, _WHAT), _SHA256)


def of_state(state: Mapping[str, np.ndarray], version: str) -> Features:
    """The features with the weights in a state dictionary of PyTorch. version: what tells the weights from others.

    Raises UsageError for an array that is missing or has another shape.
    """
    return Features(
        name="inception",
        version=f"2015-12-05, {version}, bilinear of TensorFlow 1 to {SIDE}x{SIDE}, {_VERSION}",
        description="the Inception-v3 of FID, trained on ImageNet",
        see=_see,
        params=convert(state),
        batch_size=32,
    )


def convert(state: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The parameters of `InceptionV3` from the state dictionary in PyTorch.

    Raises UsageError for an array that is missing or has another shape.
    """
    images = jax.ShapeDtypeStruct((1, SIDE, SIDE, 3), jnp.float32)
    shapes: Any = jax.eval_shape(InceptionV3().init, jax.random.key(0), images)["params"]
    params = {"fc": take(state, "fc.weight", (CLASSES, FEATURES), _WHAT).T}
    flat: dict[str, Any] = flatten_dict(shapes, sep=".")
    for name, shape in flat.items():
        layer, _, part = name.rpartition(".")
        if part == "kernel":
            height, width, ins, outs = shape.shape
            folded = fold(state, f"{layer}.conv", f"{layer}.bn", (outs, ins, height, width), _EPSILON, _WHAT)
            params[f"{layer}.kernel"] = folded["kernel"].transpose(2, 3, 1, 0)
            params[f"{layer}.bias"] = folded["bias"]
    return unflatten_dict(params, sep=".")


def _see(params: Any, images: jax.Array) -> Seen:
    x = tensorflow_1_bilinear(images.astype(jnp.float32), (SIDE, SIDE))
    x = jnp.broadcast_to((x - 128) / 128, (*x.shape[:3], 3))
    return Seen(*InceptionV3().apply({"params": params}, x))
