"""Which examples make up the batch of a step: a function of the seed and the step alone."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from gan_jax.data.dataset import Images, Split
from gan_jax.data.splits import shuffled

Batch = Mapping[str, np.ndarray]


# Of the order of unpaired targets. Not 0, which would be the same as none, and 1 is that of hidden labels.
_TARGETS = 2


def batch_indices(seed: int, step: int, batch_size: int, count: int, *stream: int) -> np.ndarray:
    """The examples of one step, int64 (batch_size,).

    Epochs follow one another without a gap, each a fresh permutation of all `count` examples; a batch may reach from
    one into the next, and may be larger than the dataset.

    Args:
      seed: at least 0.
      step: from 0.
      batch_size: of the global batch, over all devices and hosts.
      count: how many examples there are.
      stream: numbers that give the same seed another order.
    """
    epochs, places = np.divmod(step * batch_size + np.arange(batch_size, dtype=np.int64), count)
    indices = np.empty(batch_size, np.int64)
    for epoch in range(epochs[0], epochs[-1] + 1):
        mine = epochs == epoch
        indices[mine] = _permutation(count, seed, epoch, *stream)[places[mine]]
    return indices


@lru_cache(maxsize=8)
def _permutation(count: int, *seed: int) -> np.ndarray:
    return shuffled(count, *seed)


def target_indices(split: Split, seed: int, step: int, batch_size: int) -> np.ndarray | None:
    """`batch_indices` of the targets, in an order of their own, where these are unpaired; else None."""
    if split.targets is None or split.paired:
        return None
    return batch_indices(seed, step, batch_size, len(split.targets), _TARGETS)


def take(split: Split, indices: np.ndarray, targets: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Examples by their indices (B,): "image", uint8 (B, H, W, C) or, of points, float32 (B, D), "label" and "target".

    The label, int32 (B,), is there where the split has labels, and the target, uint8 (B, H, W, D), where it has
    targets: those of the images, or of indices `targets` (B,) of their own.
    """
    batch = {"image": pick(split.images, indices)}
    if split.labels is not None:
        batch["label"] = split.labels[indices]
    if split.targets is not None:
        batch["target"] = pick(split.targets, indices if targets is None else targets)
    return batch


def pick(images: Images, indices: np.ndarray) -> np.ndarray:
    """Some of the images (B, ...), by their indices (B,)."""
    if isinstance(images, np.ndarray):
        return images[indices]
    return np.stack([images[int(index)] for index in indices])
