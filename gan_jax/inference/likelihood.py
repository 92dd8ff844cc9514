"""How probable examples are to a game whose probabilities are known."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from gan_jax.common.errors import UserError
from gan_jax.data.transforms import normalize
from gan_jax.game import Game
from gan_jax.inference.batches import padded_batches

_BATCH = 256

Likelihood = Callable[[np.ndarray], np.ndarray]


def make_likelihood(game: Game, networks: dict[str, Any], seed: int) -> Likelihood | None:
    """Returns a function from examples, such as texts uint8 (N, L, V), to their log-likelihoods in nats, float32 (N,).

    seed: of what an estimate draws.

    None for a game whose probabilities are not known. The function raises UserError for values that are no numbers.

    >>> gaussian = game.Game(
    ...     (),
    ...     init=lambda key: ({}, {}),
    ...     log_likelihood=lambda networks, points, key: jax.scipy.stats.norm.logpdf(points).sum(1),
    ... )
    >>> likelihood = inference.make_likelihood(gaussian, {}, seed=0)
    >>> print(likelihood(np.array([[0.0, 0.0], [3.0, 4.0]], np.float32)).round(2))  # they differ by 25 / 2
    [ -1.84 -14.34]
    """
    return None if game.log_likelihood is None else _batched(game.log_likelihood, networks, seed)


def make_elbo(game: Game, networks: dict[str, Any], seed: int) -> Likelihood | None:
    """`make_likelihood` of the evidence lower bound in the place of the log-likelihood. None for a game without it.

    >>> normals = jax.scipy.stats.norm
    >>> gaussian = game.Game(  # with a bound that is loose by 1 nat
    ...     (),
    ...     init=lambda key: ({}, {}),
    ...     log_likelihood=lambda networks, points, key: normals.logpdf(points).sum(1),
    ...     elbo=lambda networks, points, key: normals.logpdf(points).sum(1) - 1,
    ... )
    >>> origin = np.zeros((1, 2), np.float32)
    >>> functions = (make(gaussian, {}, seed=0) for make in (inference.make_likelihood, inference.make_elbo))
    >>> [round(float(function(origin)[0]), 2) for function in functions]
    [-1.84, -2.84]
    """
    return None if game.elbo is None else _batched(game.elbo, networks, seed)


def _batched(of_batch: Callable[..., jax.Array], networks: dict[str, Any], seed: int) -> Likelihood:
    program, key = jax.jit(of_batch), jax.random.key(seed)

    def likelihood(examples: np.ndarray) -> np.ndarray:
        found = [
            np.asarray(program(networks, normalize(examples[rows]), jax.random.fold_in(key, rows[0])))
            for rows in padded_batches(len(examples), _BATCH)
        ]
        whole = np.concatenate(found)[: len(examples)]
        if np.isnan(whole).any():
            raise UserError("some log-likelihoods are not numbers: the generator is broken")
        return whole

    return likelihood
