"""How good a game's images are: the evaluation that suits the game and its data, each figure beside others."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from rich.console import Console

from gan_jax.data.dataset import Dataset, Mixture, Stack
from gan_jax.game import Game
from gan_jax.image_evaluation import evaluate_images
from gan_jax.point_evaluation import evaluate_mixture, evaluate_points
from gan_jax.sampling import sample_images
from gan_jax.stacked_evaluation import evaluate_stacked
from gan_jax.translating import make_translator
from gan_jax.translation_evaluation import evaluate_translation


class Evaluation(Protocol):
    """Figures of samples beside those of real examples."""

    def to_json(self) -> dict[str, object]:
        """Plain numbers, strings and lists. `measures` names the few that a sweep's table shows, the foremost first."""
        ...

    def report(self, console: Console) -> None:
        """Prints them as a table."""
        ...


def evaluate_game(dataset: Dataset, game: Game, networks: dict[str, Any], seed: int) -> Evaluation:
    """Evaluates what a trained game makes: samples, or translations of held-out images.

    `networks` are as `Game.sample` takes them; `seed` is of the latents, or of the noise. Raises UsageError for data
    that cannot be evaluated.
    """
    if game.translate:
        translators = {way: make_translator(game, networks, way, seed) for way in game.translate}
        return evaluate_translation(dataset, translators)
    return evaluate_sampler(dataset, lambda count, seed: sample_images(game, networks, count, seed), None, seed)


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
