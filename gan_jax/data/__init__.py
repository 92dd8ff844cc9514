"""Data: loading datasets of images and points, choosing batches, and streaming images that do not fit in memory.

`load` finds a dataset by its name, such as "digits" or "folder:PATH". `sources` read or draw examples, and `derived`
makes datasets from other datasets. A dataset is a training `Split` and a held-out one, with images in uint8, and
`DataInfo` is what a game needs to know about it. Batches depend on the seed and the step alone. Prepared arrays are
cached on disk. `image_sets` are images without splits, which are compared without a game. By its `fingerprint` a run
knows its data again. `gan_jax.data.transforms` holds what runs on the device. It is not imported here, so that the
processes that decode images do not import jax.
"""

from gan_jax.data.batching import batch_indices, take, target_indices
from gan_jax.data.cache import cache_dir
from gan_jax.data.dataset import DataInfo, Dataset, Images, Resolution, Split, height_and_width
from gan_jax.data.derived.hidden_labels import hide_labels, labelled
from gan_jax.data.derived.subset import limit_training
from gan_jax.data.fingerprint import data_changes, fingerprint
from gan_jax.data.image_sets import check_same_size, is_path, read_image_set
from gan_jax.data.load import describe_datasets, load
from gan_jax.data.stream import stream
