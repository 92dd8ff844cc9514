"""Images of a prepared TFDS dataset, decoded by Pillow when they are indexed."""

import io
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from gan_jax.common.errors import UserError
from gan_jax.data.dataset import Resolution, height_and_width
from gan_jax.data.fingerprint import Part, sample
from gan_jax.data.pixels import fit


class RecordImages:
    """Random access to the images of one split.

    Args:
      folder: the folder of the prepared dataset.
      split: name of the split.
      feature: name of the feature that is the image.
      indices: (N,), the examples of the split to return.
      resolution: side of the returned images in pixels, or their height and width.
      channels: 1 for gray, 3 for RGB.
    """

    # It holds no open file, so that it can be sent to other processes. Each process opens its own.
    def __init__(
        self, folder: str, split: str, feature: str, indices: np.ndarray, resolution: Resolution, channels: int
    ):
        self._folder, self._split, self._feature = folder, split, feature
        self._indices = indices
        self.shape = (len(indices), *height_and_width(resolution), channels)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int) -> np.ndarray:
        try:
            with Image.open(io.BytesIO(self._encoded(index))) as image:
                return fit(image, self.shape[1:3], self.shape[3])
        except Exception as error:  # a damaged record can raise anything from inside a decoder
            raise self._unreadable(index, error) from error

    def parts(self) -> Iterator[Part]:
        """The names and sizes of all files, and some encoded images. Copies of a folder have the same."""
        files = sorted((file.name, file.stat().st_size) for file in Path(self._folder).iterdir())
        yield repr((files, self._split, self._feature)).encode()
        yield self._indices
        for index in sample(len(self)):
            try:
                yield bytes(self._encoded(index))
            except Exception as error:
                raise self._unreadable(index, error) from error

    def _encoded(self, index: int) -> bytes:
        return _examples(self._folder, self._split)[int(self._indices[index])][self._feature]

    def _unreadable(self, index: int, error: Exception) -> UserError:
        number = int(self._indices[index])
        return UserError(f"{self._folder}: example {number} of split {self._split!r} cannot be read: {error}")


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
