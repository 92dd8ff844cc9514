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


def make_likelihood(game: Game, networks: dict[str, Any]) -> Likelihood | None:
    """Returns a function from examples, such as texts uint8 (N, L, V), to their log-likelihoods in nats, float32 (N,).

    None for a game whose probabilities are not known. The function raises UserError for values that are no numbers.
    """
    if game.log_likelihood is None:
        return None
    program = jax.jit(game.log_likelihood)

    def likelihood(examples: np.ndarray) -> np.ndarray:
        batches = padded_batches(len(examples), _BATCH)
        found = [np.asarray(program(networks, normalize(examples[rows]))) for rows in batches]
        whole = np.concatenate(found)[: len(examples)]
        if np.isnan(whole).any():
            raise UserError("some log-likelihoods are not numbers: the generator is broken")
        return whole

    return likelihood
