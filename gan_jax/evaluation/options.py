"""What users choose about an evaluation."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Literal

from gan_jax.evaluation.features import Choice, Progress

# (what is looked at, how many images that are) -> what is called with the number of images that were seen.
Watch = Callable[[str, int], AbstractContextManager[Progress | None]]


@contextmanager
def unwatched(what: str, total: int) -> Iterator[None]:
    """Watches nothing."""
    yield None


@dataclass(frozen=True)
class Options:
    """Options of an evaluation.

    Attributes:
      count: the number of samples, or None for the usual number for this kind of data.
      features: what images are compared in, as a function of the dataset, or None for what is usual for the data: a
        classifier of the dataset where all images have labels, and EfficientNet-lite0 elsewhere.
      against: the real images that samples are compared with. The others take the place of samples for reference.
        Published figures are often against the training images.
      path_length: whether to measure the perceptual path length.
      accuracy_score: whether to train a classifier on samples of a conditional game.
      watch: shows the progress.
    """

    count: int | None = None
    features: Choice | None = None
    against: Literal["held-out", "training"] = "held-out"
    path_length: bool = False
    accuracy_score: bool = False
    watch: Watch = unwatched


USUAL = Options()
