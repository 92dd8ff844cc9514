"""Translations of images by a trained game, uint8 to uint8 on the host."""

import difflib
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from flax.errors import ScopeParamShapeError

from gan_jax.data import Split, take
from gan_jax.data.splits import shuffled
from gan_jax.data.transforms import to_float, to_uint8
from gan_jax.game import Game
from gan_jax.inference.batches import padded_batches

_BATCH = 16
_SHOWN = 8

Translator = Callable[[np.ndarray], np.ndarray]


def make_translator(game: Game, networks: dict[str, Any], direction: str, seed: int = 0) -> Translator:
    """Returns the function from images uint8 (N, H, W, C) to their translations, uint8 (N, H, W, D).

    direction: "AtoB", from images to targets, or "BtoA".
    seed: of the generator's noise. Translation i depends only on image i, on `seed` and on i.

    A program is compiled for each size of images. Raises ValueError for a direction that the game does not have.

    >>> negatives = game.Game((), lambda key: ({}, {}), translate={"AtoB": lambda networks, images, key: -images})
    >>> translate = inference.make_translator(negatives, {}, "AtoB")
    >>> translate(np.array([0, 100, 255], np.uint8).reshape(3, 1, 1, 1)).ravel().tolist()
    [255, 155, 0]
    """
    program, key = jax.jit(_translate(game, direction)), jax.random.key(seed)

    def translate(images: np.ndarray) -> np.ndarray:
        made = [
            np.asarray(program(networks, images[rows], jax.random.fold_in(key, rows[0])))
            for rows in padded_batches(len(images), _BATCH)
        ]
        return to_uint8(np.concatenate(made)[: len(images)])

    return translate


def can_translate(game: Game, networks: dict[str, Any], direction: str, height: int, width: int, channels: int) -> bool:
    """Whether the game translates images of this size, in this direction, to images of the same size.

    It does not if the size does not fit the strides of its network.
    """
    shape = jax.ShapeDtypeStruct((1, height, width, channels), np.uint8)
    try:
        made = jax.eval_shape(_translate(game, direction), networks, shape, jax.random.key(0))
    except (TypeError, ValueError, ScopeParamShapeError):  # from layers whose shapes do not match
        return False
    return made.shape[1:3] == (height, width)


def translation_columns(game: Game, networks: dict[str, Any], split: Split, seed: int) -> list[np.ndarray]:
    """The columns of a picture of up to 8 examples of `split`, the same ones each time; each is uint8 (N, H, W, C).

    They are images, their translations and, if the split is paired, their targets. For a game of both directions they
    are images, their translations and these translated back, and then the same of targets.

    >>> negatives = game.Game((), lambda key: ({}, {}), translate={"AtoB": lambda networks, images, key: -images})
    >>> digits = data.load("digits", resolution=8).test.images
    >>> split = data.Split(digits, labels=None, targets=255 - digits)
    >>> columns = inference.translation_columns(negatives, {}, split, seed=1)  # images, translations and targets
    >>> [column.shape for column in columns]
    [(8, 8, 8, 1), (8, 8, 8, 1), (8, 8, 8, 1)]
    >>> reporting.save_image(reporting.column_grid(columns), "translations.png")
    """
    assert split.targets is not None
    to_b = make_translator(game, networks, "AtoB", seed)
    # Shuffled, because the images of a folder are sorted by class.
    rows = shuffled(min(len(split), len(split.targets)), 0)[:_SHOWN]
    examples = take(split, rows, rows)
    images, targets = examples["image"], examples["target"]
    translated = to_b(images)
    if "BtoA" not in game.translate:
        return [images, translated, *([targets] if split.paired else [])]
    to_a = make_translator(game, networks, "BtoA", seed)
    translated_back = to_a(targets)
    return [images, translated, to_a(translated), targets, translated_back, to_b(translated_back)]


def _translate(game: Game, direction: str) -> Callable[[dict[str, Any], jax.Array, jax.Array], jax.Array]:
    if direction not in game.translate:
        directions = {each.lower(): each for each in game.translate}
        near = difflib.get_close_matches(direction.lower(), directions, n=1, cutoff=0.55)
        hint = f"; did you mean {directions[near[0]]}?" if near else ""
        raise ValueError(f"it translates {' and '.join(game.translate) or 'nothing'}, not {direction}{hint}")
    return lambda networks, images, key: game.translate[direction](networks, to_float(images), key)
