"""Samples of a trained game on the host: images as uint8, points as float32."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.data.transforms import to_uint8
from gan_jax.game import Game

_BATCH = 256
_MOST_COLUMNS = 16


def of_class(game: Game, label: int) -> Game:
    """The conditional game whose samples are all of the class `label`: their labels, integers in the latents, are it.

    Raises ValueError for a game that is not conditional.
    """
    if _labels(game, 1) is None:
        raise ValueError("its samples have no class: the game is not conditional")

    def latents(key, count):
        drawn = game.latents(key, count)
        return jax.tree.map(lambda x: jnp.full_like(x, label) if _is_labels(x) else x, drawn)

    return dataclasses.replace(game, latents=latents)


def grid_columns(game: Game, count: int) -> int | None:
    """Columns of a grid of `count` samples of which each is of one class, if there are 2 to 16 classes; else None."""
    classes = class_count(game, count)
    return classes if classes and 2 <= classes <= _MOST_COLUMNS else None


def class_count(game: Game, count: int) -> int | None:
    """Of how many classes `count` samples are; None if the game is not conditional."""
    labels = _labels(game, count)
    return None if labels is None else len(np.unique(labels))


def sample_images(game: Game, networks: dict[str, Any], count: int, seed: int) -> np.ndarray:
    """`count` samples: images uint8 (count, H, W, C) or points float32 (count, D).

    The i-th depends on `seed` and i alone.
    """
    latents = jax.jit(game.latents, static_argnums=1)(jax.random.key(seed), count)
    return decode(game, networks, latents)


def interpolate_images(game: Game, networks: dict[str, Any], rows: int, columns: int, seed: int) -> np.ndarray:
    """`rows` walks of `columns` images or points, row by row: from one latent to another along the great circle.

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
    """What `latents` become: images uint8 (count, H, W, C) or points float32 (count, D)."""
    count = len(jax.tree.leaves(latents)[0])
    sample = jax.jit(game.sample)
    size = min(count, _BATCH)
    samples = []
    for start in range(0, count, size):
        # The last batch is filled up with repetitions, so that all have one shape and the program is compiled once.
        rows = np.arange(start, start + size) % count
        samples.append(np.asarray(sample(networks, jax.tree.map(lambda x, rows=rows: x[rows], latents))))
    whole = np.concatenate(samples)[:count]
    return to_uint8(whole) if whole.ndim == 4 else whole


def _labels(game: Game, count: int) -> np.ndarray | None:
    """Those of the first samples (count,); None if the game is not conditional."""
    if game.translate:
        return None
    key = jax.random.key(0)
    if not any(map(_is_labels, jax.tree.leaves(jax.eval_shape(lambda: game.latents(key, count))))):
        return None
    return next(np.asarray(x) for x in jax.tree.leaves(game.latents(key, count)) if _is_labels(x))


def _is_labels(x: jax.Array | jax.ShapeDtypeStruct) -> bool:
    return jnp.issubdtype(x.dtype, jnp.integer)


def _slerp(a: jax.Array, b: jax.Array, t: float) -> jax.Array:
    """Between rows of a and b (N, ...), at t in [0, 1]: sin((1 - t) w) / sin w a + sin(t w) / sin w b."""
    if not jnp.issubdtype(a.dtype, jnp.floating):
        return a
    axes = tuple(range(1, a.ndim))
    norms = jnp.linalg.norm(a.reshape(len(a), -1), axis=1) * jnp.linalg.norm(b.reshape(len(b), -1), axis=1)
    angle = jnp.arccos(jnp.clip(jnp.sum(a * b, axes) / norms, -1, 1)).reshape(-1, *[1] * len(axes))
    return (jnp.sin((1 - t) * angle) * a + jnp.sin(t * angle) * b) / jnp.sin(angle)
