"""Samples of a trained game on the host: images as uint8, points as float32."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.data.transforms import to_uint8
from gan_jax.game import Game
from gan_jax.inference.latents import draw_latents, latent_count, walk_latents

_BATCH = 256
_MOST_COLUMNS = 16


def of_class(game: Game, label: int) -> Game:
    """The game whose samples all have the class `label`, at least 0 and below `game.classes`.

    The latents beside the labels are those of `game`. Raises ValueError if `game` is not conditional.
    """
    if game.classes is None:
        raise ValueError("its samples have no class: the game is not conditional")

    def latents(key, count):
        drawn, labels = game.latents(key, count)
        return drawn, jnp.full_like(labels, label)

    return dataclasses.replace(game, latents=latents)


def grid_columns(game: Game, count: int) -> int | None:
    """The number of columns with which each column of a grid of `count` samples shows one class.

    It is the number of classes among the samples. None if the game is not conditional, or if there are fewer than 2 or
    more than 16 of them.
    """
    # The samples go through the classes in turn, so `count` samples have this many.
    classes = min(game.classes or 0, count)
    return classes if 2 <= classes <= _MOST_COLUMNS else None


def sample_images(game: Game, networks: dict[str, Any], count: int, seed: int) -> np.ndarray:
    """Draws `count` samples: images uint8 (count, H, W, C) or points float32 (count, D).

    networks: as `Game.sample` takes them. Sample i depends only on `seed` and i. Raises ValueError for a game that
    translates images.
    """
    return decode(game, networks, draw_latents(game, count, seed))


def interpolate_images(game: Game, networks: dict[str, Any], rows: int, columns: int, seed: int) -> np.ndarray:
    """Samples `rows` walks of `columns` steps between latents, by `walk_latents`.

    Returns images uint8 (rows * columns, H, W, C) or points float32 (rows * columns, D), walk by walk.
    """
    return decode(game, networks, walk_latents(draw_latents(game, 2 * rows, seed), columns))


def decode(game: Game, networks: dict[str, Any], latents: Any) -> np.ndarray:
    """Maps latents, `count` along the first axis, to images uint8 (count, H, W, C) or points float32 (count, D)."""
    count = latent_count(latents)
    sample = jax.jit(game.sample)
    size = min(count, _BATCH)
    samples = []
    for start in range(0, count, size):
        # The last batch is padded with repeated rows: with one shape for all, the program is compiled once.
        rows = np.arange(start, start + size) % count
        samples.append(np.asarray(sample(networks, jax.tree.map(lambda x, rows=rows: x[rows], latents))))
    whole = np.concatenate(samples)[:count]
    return to_uint8(whole) if whole.ndim == 4 else whole
