"""Examples of a prepared TFDS dataset, decoded by Pillow when they are asked for."""

import io
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

from gan_jax.data.pixels import fit
from gan_jax.errors import UserError


class RecordImages:
    """Random access to the images of one split.

    Args:
      folder: of the prepared dataset.
      split: its name there.
      feature: which feature is the image.
      indices: (N,), the examples of the split that are meant.
      resolution: side of the images that come out.
      channels: 1 or 3.
    """

    # It holds no open file, so that it can be sent to other processes; each opens its own.
    def __init__(self, folder: str, split: str, feature: str, indices: np.ndarray, resolution: int, channels: int):
        self._folder, self._split, self._feature = folder, split, feature
        self._indices = indices
        self.shape = (len(indices), resolution, resolution, channels)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int) -> np.ndarray:
        number = int(self._indices[index])
        try:
            encoded = _examples(self._folder, self._split)[number][self._feature]
            with Image.open(io.BytesIO(encoded)) as image:
                return fit(image, self.shape[1], self.shape[3])
        except Exception as error:  # a damaged record can raise anything from inside a decoder
            message = f"{self._folder}: example {number} of split {self._split!r} cannot be read: {error}"
            raise UserError(message) from error


def open_builder(folder: str) -> Any:
    """TFDS's own object for a prepared dataset."""
    import tensorflow_datasets  # takes seconds; nobody else needs it

    return tensorflow_datasets.builder_from_directory(folder)


def read_labels(folder: str, split: str, feature: str) -> np.ndarray:
    """All labels of a split, int32 (N,)."""
    examples = _examples(folder, split)
    return np.fromiter((examples[index][feature] for index in range(len(examples))), np.int32, len(examples))


@lru_cache(maxsize=8)
def _examples(folder: str, split: str) -> Any:
    from tensorflow_datasets import decode

    builder = open_builder(folder)
    images = [name for name, each in builder.info.features.items() if type(each).__name__ == "Image"]
    # Left encoded: labels are then read without decoding images, and images take the same path as files do.
    skip: Any = decode.SkipDecoding
    return builder.as_data_source(split, decoders=dict.fromkeys(images, skip()))
