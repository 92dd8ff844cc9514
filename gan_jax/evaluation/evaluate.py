"""Choosing the evaluation that suits a game and its data."""

from typing import Any, Protocol

import numpy as np
from rich.console import Console

from gan_jax.common.errors import UsageError
from gan_jax.data import Dataset
from gan_jax.data.dataset import Mixture, Stack
from gan_jax.evaluation.beside_real import Labels, Sampler
from gan_jax.evaluation.images import evaluate_images
from gan_jax.evaluation.points import evaluate_mixture, evaluate_points
from gan_jax.evaluation.stacked import evaluate_stacked
from gan_jax.evaluation.translation import evaluate_translation
from gan_jax.game import Game
from gan_jax.inference import draw_latents, labels_of, make_translator, sample_images


class Evaluation(Protocol):
    """Figures of samples or translations, beside figures to compare them with."""

    def to_json(self) -> dict[str, object]:
        """Plain numbers, strings and lists by name. `measures` lists the figures that matter most, the first one first.

        These are the figures that the table of a sweep shows.
        """
        ...

    def report(self, console: Console) -> None:
        """Prints the figures as tables."""
        ...


def evaluate_game(dataset: Dataset, game: Game, networks: dict[str, Any], seed: int) -> Evaluation:
    """Evaluates the samples of a trained game, or its translations of held-out images if it translates.

    The images of a conditional game are also evaluated by their classes.

    networks: as `Game.sample` takes them.
    seed: of the latents, or of the noise in translations.

    Raises UsageError for data that cannot be evaluated, or that have other classes than the game.
    """
    if game.translate:
        translators = {way: make_translator(game, networks, way, seed) for way in game.translate}
        return evaluate_translation(dataset, translators)
    if game.classes not in (None, len(dataset.classes)):
        raise UsageError(f"the run has {game.classes} classes, and {dataset.name!r} has {len(dataset.classes)} now")

    def labels(count: int, seed: int) -> np.ndarray:
        found = labels_of(game, draw_latents(game, count, seed))
        assert found is not None
        return found

    def sample(count: int, seed: int) -> np.ndarray:
        return sample_images(game, networks, count, seed)

    return evaluate_sampler(dataset, sample, None, seed, None if game.classes is None else labels)


def evaluate_sampler(
    dataset: Dataset, sample: Sampler, count: int | None, seed: int, labels: Labels | None = None
) -> Evaluation:
    """Evaluates `sample(count, seed)`, images uint8 (count, H, W, C) or points float32 (count, D).

    labels: gives the classes that the samples are of, `labels(count, seed)`. None if they have none. It is used for
        images that the dataset's classifier tells apart.

    The dataset decides how: by the modes of a mixture or of stacked images if it has them, and otherwise as images or
    as points. By default `count` is the usual number for this kind of data. Raises UsageError for data that cannot be
    evaluated, if possible before anything is trained or sampled.
    """
    match dataset.origin:
        case Mixture():
            return evaluate_mixture(dataset, dataset.origin, sample, count, seed)
        case Stack():
            return evaluate_stacked(dataset, dataset.origin, sample, count, seed)
    if len(dataset.example_shape) == 1:
        return evaluate_points(dataset, sample, count, seed)
    return evaluate_images(dataset, sample, count, seed, labels)
