"""What a trained game makes of images: their translations, uint8 to uint8 on the host."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from flax.errors import ScopeParamShapeError

from gan_jax.data.batching import take
from gan_jax.data.dataset import Split
from gan_jax.data.splits import shuffled
from gan_jax.data.transforms import to_float, to_uint8
from gan_jax.game import Game

_BATCH = 16
_SHOWN = 8

Translator = Callable[[np.ndarray], np.ndarray]


def make_translator(game: Game, networks: dict[str, Any], direction: str, seed: int = 0) -> Translator:
    """The function from images uint8 (N, H, W, C) to their translations, uint8 (N, H, W, D).

    What the i-th becomes depends on it, on `seed` and on i alone. A program is compiled for every size of images.

    Raises ValueError for a direction that the game does not have.
    """
    program, key = jax.jit(_function(game, direction)), jax.random.key(seed)

    def translate(images: np.ndarray) -> np.ndarray:
        count, size = len(images), min(len(images), _BATCH)
        made = []
        for start in range(0, count, size):
            # The last batch is filled up with repetitions, so that all have one shape.
            rows = np.arange(start, start + size) % count
            made.append(np.asarray(program(networks, images[rows], jax.random.fold_in(key, start))))
        return to_uint8(np.concatenate(made)[:count])

    return translate


def can_translate(game: Game, networks: dict[str, Any], direction: str, height: int, width: int, channels: int) -> bool:
    """Whether images of this size become images of the same size: those that fit the network's strides do."""
    shape = jax.ShapeDtypeStruct((1, height, width, channels), np.uint8)
    try:
        made = jax.eval_shape(_function(game, direction), networks, shape, jax.random.key(0))
    except (TypeError, ValueError, ScopeParamShapeError):  # of layers whose shapes do not go together
        return False
    return made.shape[1:3] == (height, width)


def translation_columns(game: Game, networks: dict[str, Any], split: Split, seed: int) -> list[np.ndarray]:
    """Columns of a picture: some images of `split`, always the same, what becomes of them, and what should.

    Each is uint8 (N, H, W, C). For a game of both directions: images, their translations, and these translated back;
    then the same of targets.
    """
    assert split.targets is not None
    there = make_translator(game, networks, "AtoB", seed)
    # Not the first ones: a folder's images are sorted by class.
    rows = shuffled(min(len(split), len(split.targets)), 0)[:_SHOWN]
    examples = take(split, rows, rows)
    images, targets = examples["image"], examples["target"]
    translated = there(images)
    if "BtoA" not in game.translate:
        return [images, translated, *([targets] if split.paired else [])]
    back = make_translator(game, networks, "BtoA", seed)
    translated_back = back(targets)
    return [images, translated, back(translated), targets, translated_back, there(translated_back)]


def _function(game: Game, direction: str) -> Callable[[dict[str, Any], jax.Array, jax.Array], jax.Array]:
    if direction not in game.translate:
        raise ValueError(f"it translates {' and '.join(game.translate) or 'nothing'}, not {direction}")
    return lambda networks, images, key: game.translate[direction](networks, to_float(images), key)
