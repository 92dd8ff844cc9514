"""Choosing the evaluation that suits a game and its data."""

import dataclasses
from typing import Any

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.data import Dataset
from gan_jax.data.dataset import Anomalies, Fixations, Mixture, Stack
from gan_jax.evaluation.accuracy_score import accuracy_score
from gan_jax.evaluation.anomalies import evaluate_anomalies
from gan_jax.evaluation.attention import evaluate_attention
from gan_jax.evaluation.features import cached_classifier, usual_features
from gan_jax.evaluation.held_out_likelihood import held_out_likelihood
from gan_jax.evaluation.images import evaluate_images, prepare
from gan_jax.evaluation.options import USUAL, Options
from gan_jax.evaluation.path_length import path_length
from gan_jax.evaluation.points import evaluate_mixture, evaluate_points
from gan_jax.evaluation.result import REAL, SAMPLES, Evaluation, FigureTable, flat
from gan_jax.evaluation.sampler import Labels, Sampler
from gan_jax.evaluation.stacked import evaluate_stacked
from gan_jax.evaluation.texts import evaluate_texts
from gan_jax.evaluation.translation import check_translation, evaluate_translation
from gan_jax.evaluation.volumes import evaluate_volumes
from gan_jax.game import Game
from gan_jax.inference import (
    Likelihood,
    Samples,
    draw_latents,
    labels_of,
    make_likelihood,
    make_scorer,
    make_translator,
)

# Karras et al. (arXiv 1812.04948) take 100,000 paths.
_PATHS = 10_000


def evaluate_game(
    dataset: Dataset, game: Game, networks: dict[str, Any], seed: int, options: Options = USUAL
) -> Evaluation:
    """Evaluates the samples of a trained game, or its translations of held-out images if it translates.

    The images of a conditional game are also evaluated by their classes, and held-out images by their likelihood if
    the game knows it.

    networks: as `Game.sample` takes them.
    seed: of the latents, or of the noise in translations.

    Raises UsageError for data that cannot be evaluated, or that have other classes than the game, and UserError for
    samples that are not finite.

    >>> from gan_jax.networks import mlp
    >>> networks, adam = (mlp.Generator(hidden=(8,)), mlp.Discriminator(hidden=(8,))), optax.adam(1e-3)
    >>> gan = recipes.gan(*networks, objectives.non_saturating, adam, adam)
    >>> state = jax.jit(lambda key: game.init_state(gan, key))(jax.random.key(0))  # and then it is trained
    >>> found = evaluation.evaluate_game(data.load("ring", resolution=1), gan, game.networks(state), seed=1)
    >>> found.measures, found.figures["modes_covered_real"]
    (('modes_covered', 'high_quality', 'reverse_kl'), 8)
    """
    averages = {player.name: float(player.ema) for player in game.players if player.ema is not None}
    if game.translate:
        translators = {way: make_translator(game, networks, way, seed) for way in game.translate}
        if isinstance(dataset.origin, Fixations):
            found = evaluate_attention(dataset, dataset.origin, translators["AtoB"], options)
        else:
            found = evaluate_translation(dataset, translators, options)
    elif isinstance(dataset.origin, Anomalies):
        try:
            found = evaluate_anomalies(dataset, dataset.origin, make_scorer(game, networks), seed, options)
        except ValueError as error:
            raise UsageError(f"{dataset.name}: {error}") from error
    else:
        found = _evaluate_samples(dataset, game, networks, seed, options)
    return dataclasses.replace(found, settings={**found.settings, "averages_of_weights": averages})


def check_evaluation(dataset: Dataset, game: Game, options: Options = USUAL) -> None:
    """Raises UsageError if `evaluate_game` cannot be done, before anything is trained. Prepares what it needs."""
    if game.translate:
        check_translation(dataset, options)
    elif isinstance(dataset.origin, Anomalies):
        return
    elif isinstance(dataset.origin, Stack):
        cached_classifier(dataset.origin.base)
    elif len(dataset.example_shape) == 3:
        prepare(dataset, options)


def evaluate_sampler(
    dataset: Dataset,
    sample: Sampler,
    seed: int,
    options: Options = USUAL,
    labels: Labels | None = None,
    likelihood: Likelihood | None = None,
) -> Evaluation:
    """Evaluates `sample(count, seed)`: images uint8 (count, H, W, C), volumes, texts, or points float32 (count, D).

    labels: gives the classes that the samples are of, `labels(count, seed)`. None if they have none. It is used for
        images that the dataset's classifier tells apart.
    likelihood: log-likelihoods of texts. None if they are not known.

    The dataset decides how: by the modes of a mixture or of stacked images if it has them, and otherwise as images,
    as volumes, as texts or as points. Only images take other options than the count. Raises UsageError for data that
    cannot be evaluated, if possible before anything is trained or sampled.

    >>> ring = data.load("ring", resolution=1)
    >>> def collapsed(count, seed):  # all samples are the centre of the first mode
    ...     return np.tile(ring.origin.means[:1], (count, 1))
    >>> found = evaluation.evaluate_sampler(ring, collapsed, seed=1, options=evaluation.Options(count=500))
    >>> found.figures["modes_covered"], found.figures["high_quality"], found.figures["modes_covered_real"]
    (1, 1.0, 8)
    """
    match dataset.origin:
        case Mixture():
            return evaluate_mixture(dataset, dataset.origin, sample, options.count, seed)
        case Stack():
            return evaluate_stacked(dataset, dataset.origin, sample, options.count, seed)
    match len(dataset.example_shape):
        case 1:
            return evaluate_points(dataset, sample, options.count, seed)
        case 2:
            return evaluate_texts(dataset, sample, likelihood, seed, options)
        case 4:
            return evaluate_volumes(dataset, sample, seed, options)
    return evaluate_images(dataset, sample, seed, options, labels)


def _evaluate_samples(
    dataset: Dataset, game: Game, networks: dict[str, Any], seed: int, options: Options
) -> Evaluation:
    if game.classes not in (None, len(dataset.classes)):
        raise UsageError(f"the run has {game.classes} classes, and {dataset.name!r} has {len(dataset.classes)} now")

    def labels(count: int, seed: int) -> np.ndarray:
        found = labels_of(game, draw_latents(game, count, seed))
        assert found is not None
        return found

    def sample(count: int, seed: int) -> Samples:
        return Samples(game, networks, draw_latents(game, count, seed))

    own = None if game.classes is None else labels
    if options.accuracy_score and own is None:
        raise UsageError("the classification accuracy score needs samples of classes: the run is not conditional")
    if options.path_length and len(dataset.example_shape) != 3:
        raise UsageError(f"the perceptual path length is of images, and the run has {dataset.info.kind}")
    found = evaluate_sampler(dataset, sample, seed, options, own, make_likelihood(game, networks, seed))
    settings = dict(found.settings)
    columns: dict[str, dict[str, float]] = {SAMPLES: {}, REAL: {}}
    if len(dataset.example_shape) == 3:
        likelihoods, count = held_out_likelihood(dataset, game, networks, seed)
        settings |= count
        columns[SAMPLES] |= likelihoods
    if options.path_length:
        features = (options.features or usual_features)(dataset)
        settings["paths"] = _PATHS
        columns[SAMPLES]["perceptual_path_length"] = path_length(game, networks, features, _PATHS, seed)
    if options.accuracy_score and own is not None:
        score, real = accuracy_score(dataset, sample, own, seed)
        columns[SAMPLES]["classification_accuracy_score"] = score
        columns[REAL]["classification_accuracy_score"] = real
    if not columns[SAMPLES]:
        return found
    return dataclasses.replace(
        found,
        settings=settings,
        figures={**found.figures, **flat(columns)},
        parts=(*found.parts, FigureTable("Further measures", columns)),
    )
