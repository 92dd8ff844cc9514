"""What every source of images returns."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Images(Protocol):
    """Random access to examples of one shape: a NumPy array, or a source that decodes on demand.

    Examples are images uint8 (H, W, C), or points float32 (D,), which are in memory always.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """(count, height, width, channels), or (count, D)."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> np.ndarray:
        """One example."""
        ...


@dataclass(frozen=True)
class Split:
    """Images uint8 (N, H, W, C) or points float32 (N, D) and, where the source has them, labels int32 (N,)."""

    images: Images
    labels: np.ndarray | None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def in_memory(self) -> bool:
        return isinstance(self.images, np.ndarray)


@dataclass(frozen=True)
class DataInfo:
    """What a game needs to know of the data: the shape of an example, and the names of the classes."""

    example_shape: tuple[int, ...]
    classes: tuple[str, ...]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels). Raises ValueError where the data are points."""
        if len(self.example_shape) != 3:
            raise ValueError(f"the experiment is one of images, and the data are points of {self.dimensions} numbers")
        height, width, channels = self.example_shape
        return height, width, channels

    @property
    def dimensions(self) -> int:
        """Numbers in a point. Raises ValueError where the data are images."""
        if len(self.example_shape) != 1:
            raise ValueError("the experiment is one of points, and the data are images")
        return self.example_shape[0]


@dataclass(frozen=True)
class Mixture:
    """Round Gaussians in equal shares: their means, float64 (M, D), and the standard deviation along every axis."""

    means: np.ndarray
    deviation: float


@dataclass(frozen=True)
class Stack:
    """Gray images of `base`, drawn at random, as the three channels of one image."""

    base: "Dataset"


@dataclass(frozen=True)
class Dataset:
    """A training and a held-out split. `classes` names the labels 0, 1, ...; it is empty where there are none.

    origin: how the data were made, where that is known and helps to judge samples.
    """

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    origin: Mixture | Stack | None = None

    @property
    def example_shape(self) -> tuple[int, ...]:
        """(height, width, channels) of an image, (D,) of a point."""
        return self.train.images.shape[1:]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels). Raises ValueError where the data are points."""
        return self.info.image_shape

    @property
    def info(self) -> DataInfo:
        return DataInfo(self.example_shape, self.classes)
