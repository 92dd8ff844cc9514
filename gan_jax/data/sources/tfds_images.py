"""Images of a prepared TFDS dataset, decoded by Pillow when they are indexed."""

import io
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

from gan_jax.common.errors import UserError
from gan_jax.data.pixels import fit


class RecordImages:
    """Random access to the images of one split.

    Args:
      folder: the folder of the prepared dataset.
      split: name of the split.
      feature: name of the feature that is the image.
      indices: (N,), the examples of the split to return.
      resolution: side of the returned images in pixels.
      channels: 1 for gray, 3 for RGB.
    """

    # It holds no open file, so that it can be sent to other processes. Each process opens its own.
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
    """TFDS's builder of a prepared dataset."""
    import tensorflow_datasets  # takes seconds, and only TFDS datasets need it

    return tensorflow_datasets.builder_from_directory(folder)


def read_labels(folder: str, split: str, feature: str) -> np.ndarray:
    """The labels of all examples of a split, int32 (N,)."""
    examples = _examples(folder, split)
    return np.fromiter((examples[index][feature] for index in range(len(examples))), np.int32, len(examples))


@lru_cache(maxsize=8)
def _examples(folder: str, split: str) -> Any:
    from tensorflow_datasets import decode

    builder = open_builder(folder)
    images = [name for name, each in builder.info.features.items() if type(each).__name__ == "Image"]
    # Images stay encoded: labels are read without decoding them, and they are decoded in the same way as image files.
    skip: Any = decode.SkipDecoding
    return builder.as_data_source(split, decoders=dict.fromkeys(images, skip()))
