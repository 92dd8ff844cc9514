"""Images and points: sources, batching, and the transforms between uint8 at the edges and float inside.

`gan_jax.data.transforms` holds what runs on the device. It is not imported here, so that the processes that decode
images need not import jax.
"""

from gan_jax.data.batching import batch_indices, take, target_indices
from gan_jax.data.cache import cache_dir
from gan_jax.data.dataset import DataInfo, Dataset, Images, Split
from gan_jax.data.labels import hide_labels
from gan_jax.data.load import load
from gan_jax.data.stream import stream
from gan_jax.data.subset import limit_training

__all__ = [
    "DataInfo",
    "Dataset",
    "Images",
    "Split",
    "batch_indices",
    "cache_dir",
    "hide_labels",
    "limit_training",
    "load",
    "stream",
    "take",
    "target_indices",
]
