"""What every source of images returns."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Images(Protocol):
    """Random access to images of one shape: a NumPy array, or a source that decodes on demand."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(count, height, width, channels)."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> np.ndarray:
        """uint8 (height, width, channels)."""
        ...


@dataclass(frozen=True)
class Split:
    """Images uint8 (N, H, W, C) and, where the source has them, labels int32 (N,)."""

    images: Images
    labels: np.ndarray | None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def in_memory(self) -> bool:
        return isinstance(self.images, np.ndarray)


@dataclass(frozen=True)
class DataInfo:
    """What a game needs to know of the images: (height, width, channels) of one, and the names of the classes."""

    image_shape: tuple[int, int, int]
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Dataset:
    """A training and a held-out split. `classes` names the labels 0, 1, ...; it is empty where there are none."""

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return self.train.images.shape[1:]

    @property
    def info(self) -> DataInfo:
        return DataInfo(self.image_shape, self.classes)
