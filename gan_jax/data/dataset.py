"""A dataset, its splits, and what is known about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

# The side of square images in pixels, or their height and width.
Resolution = int | tuple[int, int]


def height_and_width(resolution: Resolution) -> tuple[int, int]:
    """Height and width of images of `resolution` in pixels."""
    if isinstance(resolution, int):
        return resolution, resolution
    height, width = resolution
    return height, width


class Images(Protocol):
    """Random access to examples of one shape: a NumPy array, or a source that decodes on demand.

    Examples are images, uint8 (H, W, C), volumes, uint8 (D, H, W, 1), texts, uint8 (L, V), or points, float32 (D,).
    Volumes and points are always in memory. A text of L characters is the one-hot code of each, 255 at the character's
    place among V.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """(count, height, width, channels), (count, depth, height, width, 1), (count, L, V) or (count, D)."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> np.ndarray:
        """The example at `index`."""
        ...


@dataclass(frozen=True)
class Split:
    """Images uint8 (N, H, W, C), volumes uint8 (N, D, H, W, 1), texts uint8 (N, L, V) or points float32 (N, D).

    They have labels int32 (N,) if the source has them.

    Data for translation also have targets, uint8 (M, H, W, D): the images are domain A and the targets are domain B.
    If `paired`, target i belongs to image i. Raises ValueError if paired images and targets differ in number.
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
        """Whether the images, and the targets if there are any, are arrays."""
        return all(isinstance(side, np.ndarray) for side in (self.images, self.targets) if side is not None)


@dataclass(frozen=True)
class DataInfo:
    """What a game needs to know about the data: the shape of an example and the names of the classes.

    For translation, also the shape of a target and whether training images and targets are paired.
    characters: those of texts, in the order of their one-hot codes. The first one ends a text (see `data.texts`).
    """

    example_shape: tuple[int, ...]
    classes: tuple[str, ...]
    target_shape: tuple[int, ...] | None = None
    paired: bool = True
    characters: str = ""

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of an image. Raises ValueError if the data are points."""
        if len(self.example_shape) != 3:
            raise ValueError(f"the experiment is one of images, and the data are {self.kind}")
        height, width, channels = self.example_shape
        return height, width, channels

    @property
    def kind(self) -> str:
        """What the examples are: images, volumes, texts, or points of so many numbers."""
        numbers = self.example_shape[0]
        return {1: f"points of {numbers} numbers", 2: "texts", 3: "images", 4: "volumes"}[len(self.example_shape)]

    @property
    def volume_side(self) -> int:
        """The side of volumes, which are cubes, in voxels. Raises ValueError if the data are no volumes."""
        if len(self.example_shape) != 4:
            raise ValueError(f"the experiment is one of volumes, and the data are {self.kind}")
        return self.example_shape[0]

    @property
    def text_shape(self) -> tuple[int, int]:
        """(length, number of characters) of a text. Raises ValueError if the data are no texts."""
        if len(self.example_shape) != 2:
            raise ValueError(f"the experiment is one of texts, and the data are {self.kind}")
        length, characters = self.example_shape
        return length, characters

    @property
    def translation_shapes(self) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """(height, width, channels) of an image and of a target. Raises ValueError if there are no targets."""
        if self.target_shape is None:
            raise ValueError("the experiment translates images, and the data have no targets to translate them to")
        height, width, channels = self.target_shape
        return self.image_shape, (height, width, channels)

    @property
    def pair_shapes(self) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """`translation_shapes` of paired data. Also raises ValueError if images and targets are unpaired."""
        shapes = self.translation_shapes
        if not self.paired:
            raise ValueError("the experiment learns from pairs of an image and its target, and the data are unpaired")
        return shapes

    @property
    def dimensions(self) -> int:
        """Number of coordinates of a point. Raises ValueError if the data are no points."""
        if len(self.example_shape) != 1:
            raise ValueError(f"the experiment is one of points, and the data are {self.kind}")
        return self.example_shape[0]


@dataclass(frozen=True)
class Mixture:
    """A mixture of isotropic Gaussians with equal weights.

    means: float64 (M, D). deviation: the standard deviation along every axis, the same for all Gaussians.
    """

    means: np.ndarray
    deviation: float


@dataclass(frozen=True)
class Stack:
    """Images whose three channels are gray images of `base`, drawn at random."""

    base: "Dataset"


@dataclass(frozen=True)
class Scenes:
    """Pairs of a drawn label map and a picture of the same scene.

    palette: uint8 (L, 3), the colour of each label. names: the name of each label. labels_are: which of the two the
    label maps are.
    """

    palette: np.ndarray
    names: tuple[str, ...]
    labels_are: Literal["images", "targets"] = "images"


@dataclass(frozen=True)
class Degradation:
    """Pairs of a degraded image and the original, which is its target.

    baselines: methods that estimate the targets without training, by name. Each takes degraded images, uint8
        (N, H, W, C), and the training split, and returns images of the targets' shape, uint8.
    """

    baselines: Mapping[str, Callable[[np.ndarray, Split], np.ndarray]]


@dataclass(frozen=True)
class Fixations:
    """Pictures whose targets are maps of where people looked.

    held_out: the fixations in each held-out picture, float64 (K, 3): the number of who looked, and the row and the
        column in pixels.
    deviation: of the Gaussian that makes maps of them (see `fixation_maps.density`), in pixels.
    """

    held_out: tuple[np.ndarray, ...]
    deviation: float


@dataclass(frozen=True)
class Anomalies:
    """Normal examples to learn from, and held-out examples that are not all normal.

    The held-out class 0 is that of normal examples. All training examples are normal.

    kinds: by name, the classes of a kind of anomaly that is looked at by itself.
    read: reads further examples from a file, as (a name for each, examples float32 (N, D)), and raises UsageError for a
        file that cannot be used. None for images, which can be read without knowing the data.
    """

    kinds: Mapping[str, tuple[str, ...]]
    read: Callable[[Path], tuple[list[str], np.ndarray]] | None = None


@dataclass(frozen=True)
class Language:
    """Texts that were drawn from a distribution that is known.

    log2_probability: the binary logarithm of the probability of a text, -inf for one that the distribution cannot make.
    """

    log2_probability: Callable[[str], float]


@dataclass(frozen=True)
class Dataset:
    """A training split and a held-out split.

    classes: the names of the labels 0, 1, and so on; empty if there are no labels.
    characters: those of texts, as in `DataInfo`.
    origin: how the data were made, if that is known and helps to judge samples.
    """

    name: str
    train: Split
    test: Split
    classes: tuple[str, ...]
    origin: Mixture | Stack | Scenes | Degradation | Fixations | Anomalies | Language | None = None
    characters: str = ""

    @property
    def example_shape(self) -> tuple[int, ...]:
        """(height, width, channels) of an image, (depth, height, width, 1) of a volume, (L, V) of a text, or (D,)."""
        return self.train.images.shape[1:]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of an image. Raises ValueError if the data are points."""
        return self.info.image_shape

    @property
    def info(self) -> DataInfo:
        """What a game needs to know about this dataset."""
        targets = self.train.targets
        shape = None if targets is None else targets.shape[1:]
        return DataInfo(self.example_shape, self.classes, shape, self.train.paired, self.characters)
