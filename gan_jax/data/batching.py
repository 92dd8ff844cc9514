"""Chooses the examples of each step's batch. The choice depends on the seed and the step alone."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from gan_jax.data.dataset import Images, Split
from gan_jax.data.splits import shuffled

Batch = Mapping[str, np.ndarray]

# Seeds the order of unpaired targets. 0 would give the order of the images, and hidden labels use 1.
_TARGETS = 2


def batch_indices(seed: int, step: int, batch_size: int, count: int, *stream: int) -> np.ndarray:
    """The indices of the examples of one step, int64 (batch_size,).

    Each epoch is a new permutation of all `count` examples, and epochs follow one another without a gap. A batch may
    reach from one epoch into the next, and it may be larger than the dataset.

    Args:
      seed: at least 0.
      step: counted from 0.
      batch_size: size of the global batch, over all devices and hosts.
      count: number of examples in the dataset.
      stream: extra parts of the seed, for another order with the same seed.

    >>> [data.batch_indices(seed=0, step=step, batch_size=3, count=6).tolist() for step in range(2)]
    [[0, 3, 5], [1, 2, 4]]
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
    """The indices of unpaired targets of one step, int64 (batch_size,), in an order independent of the images'.

    None if there are no targets, or if they are paired.

    >>> sketches, photographs = np.zeros((4, 8, 8, 1), np.uint8), np.zeros((6, 8, 8, 3), np.uint8)
    >>> split = data.Split(sketches, labels=None, targets=photographs, paired=False)
    >>> sorted(data.target_indices(split, seed=0, step=0, batch_size=6).tolist())
    [0, 1, 2, 3, 4, 5]
    """
    if split.targets is None or split.paired:
        return None
    return batch_indices(seed, step, batch_size, len(split.targets), _TARGETS)


def take(split: Split, indices: np.ndarray, targets: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """A batch of the examples at `indices` (B,).

    Args:
      split: where the examples come from.
      indices: (B,), the examples.
      targets: (B,), the indices of unpaired targets. Paired targets are those of the images.

    Returns:
      "image", uint8 (B, H, W, C), or float32 (B, D) for points; "label", int32 (B,), if the split has labels; and
      "target", uint8 (B, H, W, D), if it has targets.

    >>> split = data.Split(np.array([[0.0, 0.5], [1.0, 1.5], [2.0, 2.5]], np.float32), labels=np.array([7, 8, 9]))
    >>> batch = data.take(split, np.array([2, 0]))
    >>> batch["image"].tolist(), batch["label"].tolist()
    ([[2.0, 2.5], [0.0, 0.5]], [9, 7])
    """
    batch = {"image": pick(split.images, indices)}
    if split.labels is not None:
        batch["label"] = split.labels[indices]
    if split.targets is not None:
        batch["target"] = pick(split.targets, indices if targets is None else targets)
    return batch


def pick(images: Images, indices: np.ndarray) -> np.ndarray:
    """The images (B, ...) at `indices` (B,)."""
    if isinstance(images, np.ndarray):
        return images[indices]
    return np.stack([images[int(index)] for index in indices])
