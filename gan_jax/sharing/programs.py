"""The programs of an export: a game's functions as StableHLO, by `jax.export`. They run without the code of the game.

    latents    (key uint32 (2,), positions int32 (N,)) -> the latents of N samples
    generator  (weights by name, latents) -> images (N, H, W, C) in [-1, 1], or points (N, D)
    AtoB, BtoA (weights by name, images float32 (N, H, W, C) in [-1, 1], key uint32 (2,)) -> images (N, H', W', C')

Keys are the data of threefry keys, `jax.random.key_data`. The positions only say how many samples to draw: their values
do not matter. A program takes all weights of the export, and reads those that it needs.

N is open, and so are H and W, in multiples of the network's stride. That needs code which can be traced for images of
any number and size. All of this package can. For a game that cannot, the program has a fixed N, H and W.
"""

import hashlib
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import export

from gan_jax.game import Game
from gan_jax.inference import can_translate
from gan_jax.sharing.names import nested

PLATFORMS = ("cpu", "cuda", "tpu")

# The name of the program that draws latents, and of the one that makes samples of them. Others are directions.
LATENTS, GENERATOR = "latents", "generator"

# What a program is exported for if its code cannot be traced for any number of examples.
FIXED_DRAWS, FIXED_COUNT = 4096, 64

# Multiples of the sides of images, and how many of them images must have, that are tried.
_STRIDES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
_LEAST = (1, 2, 4, 8)


@dataclass(frozen=True)
class Sizes:
    """What a program takes: so many examples, or any number for None; and images whose sides are so.

    multiple, least: the sides are multiples of `multiple`, from `least` on. Both 0 for a program without images.
    height, width: the only sides that the program takes, or 0 if it takes all of these.
    """

    count: int | None = None
    multiple: int = 0
    least: int = 0
    height: int = 0
    width: int = 0

    def check(self, height: int, width: int) -> None:
        """Raises ValueError if the program does not take images of these sides."""
        if self.height and (height, width) != (self.height, self.width):
            raise ValueError(f"the program takes images of {self.height}x{self.width} only, not {height}x{width}")
        if not self.height and (height % self.multiple or width % self.multiple or min(height, width) < self.least):
            raise ValueError(
                f"the program takes images whose sides are multiples of {self.multiple} from {self.least} on, "
                f"not {height}x{width}"
            )


@dataclass(frozen=True)
class Program:
    """A program that is exported, with the sizes that it takes."""

    exported: export.Exported
    sizes: Sizes

    @cached_property
    def serialized(self) -> bytes:
        """What its file holds."""
        return bytes(self.exported.serialize())

    @property
    def digest(self) -> str:
        """By which damage to its file is noticed."""
        return hashlib.sha256(self.serialized).hexdigest()


class UnsafeProgram(Exception):
    """A program that calls code outside of itself."""


def export_sampling(game: Game, weights: dict[str, Any]) -> dict[str, Program]:
    """Returns the programs LATENTS and GENERATOR of a game, for networks with these weights by name.

    Raises UnsafeProgram if the game calls back to Python or to other code of this machine.
    """

    def draw(key: jax.Array, positions: jax.Array) -> Any:
        return game.latents(jax.random.wrap_key_data(key), positions.shape[0])

    def make(weights: dict[str, Any], latents: Any) -> jax.Array:
        return game.sample(nested(weights), latents)

    example = jax.eval_shape(lambda: game.latents(jax.random.key(0), 1))
    shapes = _shapes(weights)

    def rows(count: Any) -> Any:
        return jax.tree.map(lambda x: jax.ShapeDtypeStruct((count, *x.shape[1:]), x.dtype), example)

    def drawing(count: Any) -> export.Exported:
        # Without its positions, which are not used, the program would not know the count.
        return _export(draw, _KEY, jax.ShapeDtypeStruct((count,), jnp.int32), keep_unused=True)

    def making(count: Any) -> export.Exported:
        return _export(make, shapes, rows(count))

    return {LATENTS: _of_any_count(drawing, FIXED_DRAWS), GENERATOR: _of_any_count(making, FIXED_COUNT)}


def export_translation(
    game: Game, weights: dict[str, Any], shapes: dict[str, tuple[int, int, int]]
) -> dict[str, Program]:
    """Returns a program for each direction in which the game translates.

    shapes: (height, width, channels) of the images that each direction takes in training. If the game's code cannot be
    traced for images of any size, the program takes this one.

    Raises UnsafeProgram as `export_sampling` does.
    """
    return {way: _translation(game, weights, way, shapes[way]) for way in game.translate}


def _translation(game: Game, weights: dict[str, Any], way: str, shape: tuple[int, int, int]) -> Program:
    def translate(weights: dict[str, Any], images: jax.Array, key: jax.Array) -> jax.Array:
        return game.translate[way](nested(weights), images, jax.random.wrap_key_data(key))

    def translating(count: Any, height: Any, width: Any) -> export.Exported:
        images = jax.ShapeDtypeStruct((count, height, width, shape[2]), jnp.float32)
        return _export(translate, _shapes(weights), images, _KEY)

    networks = jax.eval_shape(lambda: nested(_zeros(weights)))
    for open_count in (True, False):
        for multiple, times in itertools.product(_STRIDES, _LEAST):
            # A size that the game does not take need not be traced as an open one, which takes longer.
            if not can_translate(game, networks, way, multiple * times, multiple * times, shape[2]):
                continue
            try:
                bounds = [f"height >= {times}", f"width >= {times}"]
                count, height, width = export.symbolic_shape("count, height, width", constraints=bounds)
                exported = translating(count if open_count else 1, multiple * height, multiple * width)
            except UnsafeProgram:
                raise
            except Exception:  # the game's own code, which may raise anything for sides that are not numbers
                continue
            return Program(exported, Sizes(None if open_count else 1, multiple, multiple * times))
    height, width, _ = shape
    fixed = _of_any_count(lambda count: translating(count, height, width), 1)
    return Program(fixed.exported, Sizes(fixed.sizes.count, height=height, width=width))


_KEY = jax.ShapeDtypeStruct((2,), jnp.uint32)


def _of_any_count(exporting: Callable[[Any], export.Exported], fixed: int) -> Program:
    """Exports for any number of examples or, if the code cannot be traced for that, for `fixed`."""
    (count,) = export.symbolic_shape("count")
    try:
        return Program(exporting(count), Sizes())
    except UnsafeProgram:
        raise
    except Exception:  # the game's own code, which may raise anything for a count that is no number
        return Program(exporting(fixed), Sizes(fixed))


def _export(function: Callable[..., Any], *shapes: Any, keep_unused: bool = False) -> export.Exported:
    exported = export.export(jax.jit(function, keep_unused=keep_unused), platforms=PLATFORMS)(*shapes)
    check_safe(exported)
    return exported


_OUTSIDE = re.compile(r"custom_call(?! @shape_assertion\().{0,40}|\b(?:infeed|outfeed|send|recv)\b")


def check_safe(exported: export.Exported) -> None:
    """Raises UnsafeProgram if a program can do more than compute: if it calls functions of the machine it runs on.

    A custom call names such a function, and its arguments may be addresses in memory. The only one that is needed here
    checks shapes.
    """
    if found := _OUTSIDE.search(exported.mlir_module()):
        raise UnsafeProgram(f"it calls code outside of it ({found[0].strip()})")
    if exported.ordered_effects or exported.unordered_effects:
        raise UnsafeProgram("it has effects outside of it")


def call_in_parts(program: Program, call: Callable[[Any, int], jax.Array], inputs: Any, count: int) -> jax.Array:
    """Calls a program with `count` examples, in parts of as many as it takes.

    call: (inputs of a part, number of the part) -> what the program makes of them.
    inputs: arrays with the examples along the first axis.
    """
    size = program.sizes.count
    if size is None:
        return call(inputs, 0)
    parts = [np.arange(start, start + size) % count for start in range(0, count, size)]
    made = [call(jax.tree.map(lambda x, rows=rows: x[rows], inputs), i) for i, rows in enumerate(parts)]
    return jnp.concatenate(made)[:count]


def _shapes(weights: dict[str, Any]) -> dict[str, jax.ShapeDtypeStruct]:
    return {name: jax.ShapeDtypeStruct(np.shape(x), jnp.result_type(x)) for name, x in weights.items()}


def _zeros(weights: dict[str, Any]) -> dict[str, jax.Array]:
    return {name: jnp.zeros(np.shape(x), jnp.result_type(x)) for name, x in weights.items()}
