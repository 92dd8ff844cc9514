"""A small network that reads the labels of pixels from pictures, trained on the dataset itself.

Isola et al. (arXiv 1611.07004, section 4) evaluate pictures made from label maps in this way: if the pictures look
real, a network trained on real pictures finds the labels that they were made from.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax.traverse_util import flatten_dict, unflatten_dict

from gan_jax.data import batch_indices
from gan_jax.data.cache import cached
from gan_jax.data.transforms import to_float
from gan_jax.evaluation.features.base import digest

# Raise this when the network or its training changes.
_VERSION = 1

_STEPS = 500
_BATCH = 8
_INFERENCE_BATCH = 32
_WIDTH = 48


class _Network(nn.Module):
    """Pictures uint8 (N, H, W, 3) to features and logits of labels.

    The features (N, H/2, W/2, 48), sides rounded up, are those of every 2x2 pixels, computed from the 22x22 pixels
    around them. The logits (N, H, W, labels) are those of every pixel.
    """

    labels: int

    @nn.compact
    def __call__(self, pictures):
        count, height, width, _ = pictures.shape
        x = jnp.pad(to_float(pictures), ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        high, wide = x.shape[1] // 2, x.shape[2] // 2
        # The channels of 2x2 pixels are stacked: wide convolutions on a quarter of the places are fast on CPU.
        x = x.reshape(count, high, 2, wide, 2, 3).transpose(0, 1, 3, 2, 4, 5).reshape(count, high, wide, 12)
        for _ in range(5):
            x = nn.relu(nn.Conv(_WIDTH, (3, 3))(x))
        logits = nn.Conv(4 * self.labels, (1, 1))(x).reshape(count, high, wide, 2, 2, self.labels)
        logits = logits.transpose(0, 1, 3, 2, 4, 5).reshape(count, 2 * high, 2 * wide, self.labels)
        return x, logits[:, :height, :width]


@dataclass(frozen=True)
class LabelReader:
    """A trained reader of labels. `params` are those of its network, and `labels` is the number of labels."""

    params: Any
    labels: int

    @cached_property
    def version(self) -> str:
        """The version of the network and a hash of its parameters."""
        return f"{_VERSION}, {digest(self.params)}"

    def read(self, pictures: np.ndarray) -> np.ndarray:
        """Pictures uint8 (N, H, W, 3) to the most probable label of each pixel, int (N, H, W)."""
        return self._see(pictures)[1]

    def features(self, pictures: np.ndarray) -> np.ndarray:
        """Pictures uint8 (N, H, W, 3) to the features of every 2x2 pixels, float32 (N * H/2 * W/2, 48).

        Each is computed from a patch of 22x22 pixels. So a distance between two sets of features compares the colours
        and textures of patches, and even a few pictures have many features.
        """
        features = self._see(pictures)[0]
        return features.reshape(-1, features.shape[-1])

    def _see(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        size, seen = min(len(pictures), _INFERENCE_BATCH), []
        for start in range(0, len(pictures), size):
            rows = np.arange(start, start + size) % len(pictures)
            seen.append([np.asarray(x) for x in _infer(self.params, pictures[rows], self.labels)])
        features, labels = (np.concatenate(parts)[: len(pictures)] for parts in zip(*seen, strict=True))
        return features, labels


def cached_label_reader(pictures: np.ndarray, labels: np.ndarray, count: int) -> LabelReader:
    """`train_label_reader(pictures, labels, count)`, from the cache if it has been trained on the same data before."""
    seen = hashlib.sha256(pictures.tobytes() + labels.astype(np.uint8).tobytes()).hexdigest()

    def build() -> dict[str, np.ndarray]:
        params = train_label_reader(pictures, labels, count).params
        return {name: np.asarray(x) for name, x in flatten_dict(params, sep=":").items()}

    arrays = cached(f"label-readers/{pictures.shape[1]}", (_VERSION, _STEPS, count, pictures.shape, seen), build)
    return LabelReader(unflatten_dict(arrays, sep=":"), count)


def train_label_reader(pictures: np.ndarray, labels: np.ndarray, count: int, seed: int = 0) -> LabelReader:
    """Trains a reader on pictures uint8 (N, H, W, 3) and the labels of their pixels, int (N, H, W) below `count`.

    It minimizes the cross-entropy with Adam, in 500 steps of 8 pictures with a one-cycle schedule.
    """
    key = jax.random.key(seed)
    params = jax.jit(_Network(count).init)(key, pictures[:1])["params"]
    moments = _optimizer(_STEPS).init(params)
    for step in range(_STEPS):
        rows = batch_indices(seed, step, _BATCH, len(pictures))
        params, moments = _train_step(params, moments, pictures[rows], labels[rows].astype(np.int32), count, _STEPS)
    return LabelReader(params, count)


def _optimizer(steps: int) -> optax.GradientTransformation:
    return optax.adam(optax.cosine_onecycle_schedule(steps, peak_value=5e-3, pct_start=0.2))


@partial(jax.jit, static_argnames=("count", "steps"))
def _train_step(params: Any, moments: Any, pictures: jax.Array, labels: jax.Array, count: int, steps: int):
    def loss(params: Any) -> jax.Array:
        _, logits = _outputs(params, pictures, count)
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    updates, moments = _optimizer(steps).update(jax.grad(loss)(params), moments, params)
    return optax.apply_updates(params, updates), moments


@partial(jax.jit, static_argnames="count")
def _infer(params: Any, pictures: jax.Array, count: int) -> tuple[jax.Array, jax.Array]:
    features, logits = _outputs(params, pictures, count)
    return features, jnp.argmax(logits, -1)


def _outputs(params: Any, pictures: jax.Array, count: int) -> tuple[jax.Array, jax.Array]:
    outputs: Any = _Network(count).apply({"params": params}, pictures)
    return outputs
