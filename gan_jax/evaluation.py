"""How good samples are: the evaluation that suits the kind of data, each figure beside that of real data."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from rich.console import Console

from gan_jax.data.dataset import Dataset, Mixture, Stack
from gan_jax.image_evaluation import evaluate_images
from gan_jax.point_evaluation import evaluate_mixture, evaluate_points
from gan_jax.stacked_evaluation import evaluate_stacked


class Evaluation(Protocol):
    """Figures of samples beside those of real examples."""

    def to_json(self) -> dict[str, object]:
        """Plain numbers, strings and lists. `measures` names the few that a sweep's table shows, the foremost first."""
        ...

    def report(self, console: Console) -> None:
        """Prints them as a table."""
        ...


def evaluate_sampler(
    dataset: Dataset, sample: Callable[[int, int], np.ndarray], count: int | None, seed: int
) -> Evaluation:
    """Evaluates `sample(count, seed)`, (count, H, W, C) uint8 or (count, D) float32, as suits the dataset.

    `count` is what is usual for the kind of data unless given. Raises UsageError, before anything is trained or sampled
    if it can, for data that cannot be evaluated.
    """
    match dataset.origin:
        case Mixture():
            return evaluate_mixture(dataset, dataset.origin, sample, count, seed)
        case Stack():
            return evaluate_stacked(dataset, dataset.origin, sample, count, seed)
    if len(dataset.example_shape) == 1:
        return evaluate_points(dataset, sample, count, seed)
    return evaluate_images(dataset, sample, count, seed)
