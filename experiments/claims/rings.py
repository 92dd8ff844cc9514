"""What becomes of a game on the ring of 8 Gaussians: which modes its samples cover."""

import flax.linen as nn
import jax
import numpy as np
import optax

from gan_jax.data.sources.mixtures import RING
from gan_jax.evaluation.metrics import mixture_coverage
from gan_jax.game import Game, Metrics, State, networks
from gan_jax.networks import mlp
from gan_jax.networks.latents import normal
from gan_jax.objectives import Objective
from gan_jax.recipes import gan

_SAMPLES = 1000


def ring_gan(
    objective: Objective,
    optimizer: optax.GradientTransformation,
    hidden: int = 64,
    judge: nn.Module | None = None,
    **options,
) -> Game:
    """A game of two small MLPs on points in the plane. `judge` takes the place of the discriminator."""
    layers = (hidden, hidden)
    players = mlp.Generator(2, layers), judge or mlp.Discriminator(layers)
    return gan(*players, objective, optimizer, optimizer, latent=normal(16), **options)


def samples(game: Game, state: State, metrics: Metrics) -> dict[str, jax.Array]:
    """Looks at 1,000 samples."""
    latents = game.latents(jax.random.key(1), _SAMPLES)
    return {"samples": game.sample(networks(state), latents)}


def covered(points: np.ndarray, within: float = 3 * RING.deviation) -> np.ndarray:
    """The number of modes that have at least 1% of the samples this near, (...,), of points (..., N, 2)."""
    flat = points.reshape(-1, *points.shape[-2:])
    found = []
    for each in flat:
        distances = np.linalg.norm(each[:, None] - RING.means, axis=-1)
        near = distances.argmin(1)[distances.min(1) <= within]
        found.append(int((np.bincount(near, minlength=8) >= 0.01 * len(each)).sum()))
    return np.array(found).reshape(points.shape[:-2])


def high_quality(points: np.ndarray) -> np.ndarray:
    """The share of samples within 3 deviations of a mode, (...,), of points (..., N, 2)."""
    flat = points.reshape(-1, *points.shape[-2:])
    found = [mixture_coverage(each, RING.means, RING.deviation).high_quality for each in np.nan_to_num(flat, nan=1e3)]
    return np.array(found).reshape(points.shape[:-2])
