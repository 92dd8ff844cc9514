"""What every source of images returns."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

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
    """Images uint8 (N, H, W, C) or points float32 (N, D) and, where the source has them, labels int32 (N,).

    For translation there are targets beside the images, uint8 (M, H, W, D): the images are domain A, the targets domain
    B. If `paired`, target i belongs to image i, and M is N; ValueError if it is not.
    """

    images: Images
    labels: np.ndarray | None
    targets: Images | None = None
    paired: bool = True

    def __post_init__(self) -> None:
        if self.targets is not None and self.paired and len(self.targets) != len(self.images):
            raise ValueError(f"{len(self.images)} images and {len(self.targets)} targets cannot be pairs")

    def __len__(self) -> int:
        return len(self.images)

    @property
    def in_memory(self) -> bool:
        return all(isinstance(side, np.ndarray) for side in (self.images, self.targets) if side is not None)


@dataclass(frozen=True)
class DataInfo:
    """What a game needs to know of the data: the shape of an example, and the names of the classes.

    Of data for translation, also the shape of a target, and whether targets belong to images while training.
    """

    example_shape: tuple[int, ...]
    classes: tuple[str, ...]
    target_shape: tuple[int, ...] | None = None
    paired: bool = True

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels). Raises ValueError where the data are points."""
        if len(self.example_shape) != 3:
            raise ValueError(f"the experiment is one of images, and the data are points of {self.dimensions} numbers")
        height, width, channels = self.example_shape
        return height, width, channels

    @property
    def translation_shapes(self) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """(height, width, channels) of an image and of a target. Raises ValueError where there are no targets."""
        if self.target_shape is None:
            raise ValueError("the experiment translates images, and the data have no targets to translate them to")
        height, width, channels = self.target_shape
        return self.image_shape, (height, width, channels)

    @property
    def pair_shapes(self) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """`translation_shapes` of pairs. Raises ValueError where no target belongs to an image, too."""
        shapes = self.translation_shapes
        if not self.paired:
            raise ValueError("the experiment learns from pairs of an image and its target, and the data are unpaired")
        return shapes

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
class Scenes:
    """Drawn label maps, one side of each pair, and their renderings, the other.

    palette: uint8 (L, 3), the colour of every label. names: of the labels. labels_are: the side with the label maps.
    """

    palette: np.ndarray
    names: tuple[str, ...]
    labels_are: Literal["images", "targets"] = "images"


@dataclass(frozen=True)
class Degradation:
    """Targets are images, and the images degraded versions of them.

    baselines: what needs no training to bring the targets back, by name: functions from degraded images uint8
        (N, H, W, C), and the training split, to images of the targets' shape, uint8.
    """

    baselines: Mapping[str, Callable[[np.ndarray, Split], np.ndarray]]


@dataclass(frozen=True)
class Dataset:
    """A training and a held-out split. `classes` names the labels 0, 1, ...; it is empty where there are none.

    origin: how the data were made, where that is known and helps to judge samples.
    """

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    origin: Mixture | Stack | Scenes | Degradation | None = None

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
        targets = self.train.targets
        shape = None if targets is None else targets.shape[1:]
        return DataInfo(self.example_shape, self.classes, shape, self.train.paired)
