"""Square images in the middle of black rectangles."""

from collections.abc import Iterator

import numpy as np

from gan_jax.data.dataset import Images, Resolution, height_and_width
from gan_jax.data.fingerprint import Part


def centred(images: Images, resolution: Resolution) -> Images:
    """Square images as images of `resolution`, whose shorter side is theirs. What was square already stays as it is."""
    height, width = height_and_width(resolution)
    return images if height == width else Centred(images, height, width)


class Centred:
    """Random access to images of height x width pixels, black but for a square image in the middle.

    Args:
      images: uint8 (N, S, S, C) with S the smaller of height and width.
      height, width: size of the returned images in pixels.
    """

    def __init__(self, images: Images, height: int, width: int):
        self._images = images
        self.shape = (len(images), height, width, images.shape[3])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int) -> np.ndarray:
        image = self._images[index]
        whole = np.zeros(self.shape[1:], np.uint8)
        top, left = (whole.shape[0] - image.shape[0]) // 2, (whole.shape[1] - image.shape[1]) // 2
        whole[top : top + image.shape[0], left : left + image.shape[1]] = image
        return whole

    def parts(self) -> Iterator[Part]:
        """The square images."""
        yield self._images
