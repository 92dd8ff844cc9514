"""Images from a trained game, as uint8 on the host."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.data.transforms import to_uint8
from gan_jax.game import Game

_BATCH = 256


def sample_images(game: Game, networks: dict[str, Any], count: int, seed: int) -> np.ndarray:
    """`count` samples, uint8 (count, H, W, C). The i-th depends on `seed` and i alone."""
    latents = jax.jit(game.latents, static_argnums=1)(jax.random.key(seed), count)
    return decode(game, networks, latents)


def interpolate_images(game: Game, networks: dict[str, Any], rows: int, columns: int, seed: int) -> np.ndarray:
    """`rows` walks of `columns` images, row by row: from one latent to another along the great circle.

    Standard normal latents lie near a sphere; a straight line between two would leave it (White, "Sampling generative
    networks", arXiv 1609.04468). What is not a float in the latents, such as a label, stays that of the start.
    """
    ends = game.latents(jax.random.key(seed), 2 * rows)
    starts = jax.tree.map(lambda x: x[0::2], ends)
    stops = jax.tree.map(lambda x: x[1::2], ends)
    ts = np.linspace(0, 1, columns)
    walks = jax.tree.map(lambda a, b: jnp.stack([_slerp(a, b, t) for t in ts], 1), starts, stops)
    return decode(game, networks, jax.tree.map(lambda x: x.reshape(rows * columns, *x.shape[2:]), walks))


def decode(game: Game, networks: dict[str, Any], latents: Any) -> np.ndarray:
    """The images of `latents`, uint8 (count, H, W, C)."""
    count = len(jax.tree.leaves(latents)[0])
    sample = jax.jit(game.sample)
    size = min(count, _BATCH)
    images = []
    for start in range(0, count, size):
        # The last batch is filled up with repetitions, so that all have one shape and the program is compiled once.
        rows = np.arange(start, start + size) % count
        images.append(to_uint8(sample(networks, jax.tree.map(lambda x, rows=rows: x[rows], latents))))
    return np.concatenate(images)[:count]


def _slerp(a: jax.Array, b: jax.Array, t: float) -> jax.Array:
    """Between rows of a and b (N, ...), at t in [0, 1]: sin((1 - t) w) / sin w a + sin(t w) / sin w b."""
    if not jnp.issubdtype(a.dtype, jnp.floating):
        return a
    axes = tuple(range(1, a.ndim))
    norms = jnp.linalg.norm(a.reshape(len(a), -1), axis=1) * jnp.linalg.norm(b.reshape(len(b), -1), axis=1)
    angle = jnp.arccos(jnp.clip(jnp.sum(a * b, axes) / norms, -1, 1)).reshape(-1, *[1] * len(axes))
    return (jnp.sin((1 - t) * angle) * a + jnp.sin(t * angle) * b) / jnp.sin(angle)
