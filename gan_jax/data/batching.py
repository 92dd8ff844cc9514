"""Which examples make up the batch of a step: a function of the seed and the step alone."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from gan_jax.data.dataset import Split
from gan_jax.data.splits import shuffled

Batch = Mapping[str, np.ndarray]


def batch_indices(seed: int, step: int, batch_size: int, count: int) -> np.ndarray:
    """The examples of one step, int64 (batch_size,).

    Epochs follow one another without a gap, each a fresh permutation of all `count` examples; a batch may reach from
    one into the next, and may be larger than the dataset.

    Args:
      seed: at least 0.
      step: from 0.
      batch_size: of the global batch, over all devices and hosts.
      count: how many examples there are.
    """
    epochs, places = np.divmod(step * batch_size + np.arange(batch_size, dtype=np.int64), count)
    indices = np.empty(batch_size, np.int64)
    for epoch in range(epochs[0], epochs[-1] + 1):
        mine = epochs == epoch
        indices[mine] = _permutation(seed, epoch, count)[places[mine]]
    return indices


@lru_cache(maxsize=4)
def _permutation(seed: int, epoch: int, count: int) -> np.ndarray:
    return shuffled(count, seed, epoch)


def take(split: Split, indices: np.ndarray) -> dict[str, np.ndarray]:
    """Examples by their indices (B,): "image", uint8 (B, H, W, C) or, of points, float32 (B, D), and "label".

    The label, int32 (B,), is there where the split has labels.
    """
    images = split.images
    if isinstance(images, np.ndarray):
        batch = {"image": images[indices]}
    else:
        batch = {"image": np.stack([images[int(index)] for index in indices])}
    if split.labels is not None:
        batch["label"] = split.labels[indices]
    return batch
