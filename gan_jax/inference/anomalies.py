"""How unlike the training examples something is: how badly a game can make it again."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.common.errors import UserError
from gan_jax.data.transforms import normalize
from gan_jax.game import Game
from gan_jax.inference.batches import padded_batches
from gan_jax.inference.inversion import descend

Networks = dict[str, Any]

_BATCH = 256

# Of AnoGAN, section 2.2: the share of the features, and the number of steps.
_FEATURES, _STEPS = 0.1, 500
_RATE = 0.05

Scorer = Callable[[np.ndarray, int], np.ndarray]


def make_scorer(game: Game, networks: Networks, steps: int = _STEPS) -> Scorer:
    """Returns a function (examples, seed) -> anomaly scores, float32 (N,). Higher is less like the training examples.

    Examples are images uint8 (N, H, W, C) or points float32 (N, D). The score is `Game.anomaly` if the game has one.
    Otherwise it is AnoGAN's: latents are found by `steps` steps of Adam from random ones, which the seed decides, and
    the score is 0.9 |x - G(z)| + 0.1 |f(x) - f(G(z))|, sums over all values. The score of an example does not depend on
    the others.

    Source: Schlegl et al. 2017 (arXiv 1703.05921), equations 1 to 5.

    Raises ValueError for a game that has neither a score nor features, and UserError for scores that are not finite.

    >>> gan = game.Game(  # it can make all points of the square from -1 to 1
    ...     (),
    ...     init=lambda key: ({}, {}),
    ...     latents=lambda key, count: jax.random.normal(key, (count, 2)),
    ...     sample=lambda networks, latents: jnp.tanh(latents),
    ...     features=lambda networks, points: points,
    ... )
    >>> score = inference.make_scorer(gan, {})
    >>> print(score(np.array([[0.5, 0.5], [3.0, 0.5]], np.float32), 0).round(1))  # the second is 2 from the square
    [0. 2.]
    """
    if game.features is None or game.classes is not None or game.translate:
        raise ValueError("anomalies are scored by an unconditional game whose discriminator has features")
    program = jax.jit(partial(_known, game) if game.anomaly else partial(_inverted, game, steps))

    def scores(examples: np.ndarray, seed: int) -> np.ndarray:
        found = []
        for rows in padded_batches(len(examples), _BATCH):
            keys = jax.vmap(partial(jax.random.fold_in, jax.random.key(seed)))(jnp.asarray(rows))
            found.append(np.asarray(program(networks, normalize(examples[rows]), keys)))
        whole = np.concatenate(found)[: len(examples)] if found else np.zeros(0, np.float32)
        if not np.isfinite(whole).all():
            raise UserError("some scores are not finite: the game is broken")
        return whole

    return scores


def _known(game: Game, networks: Networks, examples: jax.Array, keys: jax.Array) -> jax.Array:
    del keys
    assert game.anomaly is not None
    return game.anomaly(networks, examples)


def _inverted(game: Game, steps: int, networks: Networks, examples: jax.Array, keys: jax.Array) -> jax.Array:
    assert game.features is not None
    features = game.features
    truth = features(networks, examples)

    def losses(latents: jax.Array) -> jax.Array:
        made = game.sample(networks, latents)
        residual, seen = _sum(jnp.abs(examples - made)), _sum(jnp.abs(truth - features(networks, made)))
        return (1 - _FEATURES) * residual + _FEATURES * seen

    latents = jax.vmap(lambda key: game.latents(key, 1)[0])(keys)
    return losses(descend(losses, latents, steps, _RATE))


def _sum(x: jax.Array) -> jax.Array:
    return jnp.sum(x.reshape(len(x), -1), 1)
