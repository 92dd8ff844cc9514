"""Images in memory that are resized when they are indexed."""

from collections.abc import Iterator

import numpy as np

from gan_jax.data.dataset import Resolution, height_and_width
from gan_jax.data.fingerprint import Part
from gan_jax.data.pixels import fit_array


class FittedArray:
    """Random access to an array of images, each resized and cropped to `resolution` when it is indexed.

    Args:
      images: uint8 (N, H, W) or (N, H, W, C) with C 1, 3 or 4. Transparency is laid on white.
      resolution: side of the returned images in pixels, or their height and width.
    """

    def __init__(self, images: np.ndarray, resolution: Resolution):
        self._images = images
        channels = 1 if images.ndim == 3 or images.shape[-1] == 1 else 3
        self.shape = (len(images), *height_and_width(resolution), channels)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int) -> np.ndarray:
        return fit_array(self._images[index], self.shape[1:3], self.shape[3])

    def parts(self) -> Iterator[Part]:
        """The array, before its images are resized."""
        yield self._images
