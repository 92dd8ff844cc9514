"""Samples of a trained game on the host: images, volumes and texts as uint8, points as float32."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.common.errors import UserError
from gan_jax.data.transforms import to_uint8
from gan_jax.game import Build, Game, Values, for_each_member
from gan_jax.inference.latents import draw_latents, latent_count, walk_latents

_BATCH = 256
_MOST_COLUMNS = 16


def of_class(game: Game, label: int) -> Game:
    """The game whose samples all have the class `label`, at least 0 and below `game.classes`.

    The latents beside the labels are those of `game`. Raises ValueError if `game` is not conditional.

    >>> def latents(key, count):  # with classes in turn, as all conditional games draw them
    ...     return jax.random.normal(key, (count, 2)), jnp.arange(count) % 10
    >>> digits = game.Game((), init=lambda key: ({}, {}), latents=latents, classes=10)
    >>> inference.draw_latents(digits, 4, seed=1)[1].tolist()
    [0, 1, 2, 3]
    >>> inference.draw_latents(inference.of_class(digits, 7), 4, seed=1)[1].tolist()
    [7, 7, 7, 7]
    """
    if game.classes is None:
        raise ValueError("its samples have no class: the game is not conditional")

    def latents(key, count):
        drawn, labels = game.latents(key, count)
        return drawn, jnp.full_like(labels, label)

    cut = game.truncated
    return dataclasses.replace(
        game, latents=latents, truncated=None if cut is None else lambda psi: of_class(cut(psi), label)
    )


def truncated(game: Game, psi: float) -> Game:
    """The game whose samples are more typical and less varied, the more so the lower `psi` is.

    A generator with styles makes samples that lie psi times as far from the mean style, from 0 to 1. Other generators
    get normal latents within [-psi, psi], where psi is above 0. Raises ValueError for another psi, and if the generator
    has neither a mean style nor normal latents.

    >>> from gan_jax.networks import dcgan
    >>> networks, adam = (dcgan.Generator(8, 1), dcgan.Discriminator()), optax.adam(2e-4)
    >>> gan = recipes.gan(*networks, objectives.non_saturating, adam, adam)
    >>> latents = [inference.draw_latents(each, 100, seed=1) for each in (gan, inference.truncated(gan, psi=0.5))]
    >>> [bool(jnp.abs(each).max() <= 0.5) for each in latents]
    [False, True]
    """
    if game.truncated is None:
        raise ValueError("its samples cannot be truncated: there is no mean style, and no latents known to be normal")
    return game.truncated(psi)


def grid_columns(game: Game, count: int) -> int | None:
    """The number of columns with which each column of a grid of `count` samples shows one class.

    It is the number of classes among the samples. None if the game is not conditional, or if there are fewer than 2 or
    more than 16 of them.
    """
    # The samples go through the classes in turn, so `count` samples have this many.
    classes = min(game.classes or 0, count)
    return classes if 2 <= classes <= _MOST_COLUMNS else None


def sample_images(game: Game, networks: dict[str, Any], count: int, seed: int) -> np.ndarray:
    """Draws `count` samples: images uint8 (count, H, W, C), volumes (count, D, H, W, 1), texts (count, L, V), or
    points float32 (count, D).

    networks: as `Game.sample` takes them. Sample i depends only on `seed` and i. Raises ValueError for a game that
    translates images.

    >>> from gan_jax.networks import mlp
    >>> networks, adam = (mlp.Generator(hidden=(8,)), mlp.Discriminator(hidden=(8,))), optax.adam(1e-3)
    >>> gan = recipes.gan(*networks, objectives.non_saturating, adam, adam)
    >>> state = jax.jit(lambda key: game.init_state(gan, key))(jax.random.key(0))  # and then it is trained
    >>> inference.sample_images(gan, game.networks(state), 64, seed=1).shape  # points in the plane
    (64, 2)
    """
    return decode(game, networks, draw_latents(game, count, seed))


def sample_members(build: Build, values: Values, networks: dict[str, Any], count: int, seed: int) -> np.ndarray:
    """Draws `count` samples of each member of a population, from the same latents: `sample_images` of all at once.

    build, values: the game as a function of a member's hyperparameters, and these, (N,) each. networks: those of all
    members. Returns images uint8 (N, count, H, W, C), or points float32 (N, count, D).

    >>> def build(values):  # two members, which make the same points in different sizes
    ...     return game.Game(
    ...         (),
    ...         init=lambda key: ({}, {}),
    ...         latents=lambda key, count: jax.random.normal(key, (count, 2)),
    ...         sample=lambda networks, latents: values["size"] * latents,
    ...     )
    >>> small, large = inference.sample_members(build, {"size": game.stack_values([1.0, 2.0])}, {}, 64, seed=1)
    >>> small.shape, bool(np.array_equal(large, 2 * small))
    ((64, 2), True)
    """

    def sample(game: Game, networks: dict[str, Any]) -> jax.Array:
        return game.sample(networks, game.latents(jax.random.key(seed), count))

    drawn = np.asarray(jax.jit(for_each_member(build, sample))(values, networks))
    return drawn if drawn.ndim == 3 else to_uint8(drawn)


def interpolate_images(game: Game, networks: dict[str, Any], rows: int, columns: int, seed: int) -> np.ndarray:
    """Samples `rows` walks of `columns` steps between latents, by `walk_latents`.

    Returns images uint8 (rows * columns, H, W, C), volumes or points float32 (rows * columns, D), walk by walk.

    >>> gan = game.Game(
    ...     (),
    ...     init=lambda key: ({}, {}),
    ...     latents=lambda key, count: jax.random.normal(key, (count, 64)),
    ...     sample=lambda networks, latents: jnp.tanh(latents).reshape(-1, 8, 8, 1),
    ... )
    >>> walks = inference.interpolate_images(gan, {}, rows=4, columns=10, seed=1)
    >>> walks.shape, walks.dtype
    ((40, 8, 8, 1), dtype('uint8'))
    >>> reporting.save_animation(inference.animation_frames(walks, 10, real=None), "walks.gif", seconds=0.1)
    """
    return decode(game, networks, walk_latents(draw_latents(game, 2 * rows, seed), columns))


def decode(game: Game, networks: dict[str, Any], latents: Any) -> np.ndarray:
    """Maps latents, `count` along the first axis, to images uint8 (count, H, W, C), volumes or points (count, D).

    Raises UserError for samples that are not finite.

    >>> gan = game.Game(
    ...     (),
    ...     init=lambda key: ({}, {}),
    ...     sample=lambda networks, latents: networks["gain"] * latents.reshape(-1, 1, 1, 1),
    ... )
    >>> inference.decode(gan, {"gain": 2.0}, jnp.array([[-0.5], [0.1], [0.5]])).ravel().tolist()  # of -1, 0.2 and 1
    [0, 153, 255]
    """
    samples = Samples(game, networks, latents)
    return np.concatenate([samples.block(i) for i in range(samples.blocks)])


class Samples:
    """Random access to samples, which are decoded in blocks of 256 when they are indexed: many need little memory.

    latents: as `game.sample` takes them. `shape` is that of all samples: (count, H, W, C), (count, D, H, W, 1),
        (count, L, V) or (count, D).

    Raises UserError for samples that are not finite, when they are decoded.
    """

    def __init__(self, game: Game, networks: dict[str, Any], latents: Any):
        self._networks, self._latents, self._sample = networks, latents, jax.jit(game.sample)
        count = latent_count(latents)
        self._size = min(count, _BATCH)
        self._kept: tuple[int, np.ndarray] | None = None
        self.blocks = -(-count // self._size)
        self.shape = (count, *jax.eval_shape(game.sample, networks, self._rows(0)).shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int) -> np.ndarray:
        number, place = divmod(index, self._size)
        if self._kept is None or self._kept[0] != number:
            self._kept = number, self.block(number)
        return self._kept[1][place]

    def block(self, number: int) -> np.ndarray:
        """Block `number` of the samples, (at most 256, ...)."""
        drawn = np.asarray(self._sample(self._networks, self._rows(number)))[: len(self) - number * self._size]
        if not np.isfinite(drawn).all():
            bad = sum(not np.isfinite(each).all() for each in drawn)
            raise UserError(f"{bad} of {len(drawn)} samples hold values that are not finite: the generator is broken")
        return drawn if drawn.ndim == 2 else to_uint8(drawn)

    def _rows(self, number: int) -> Any:
        # The last batch is padded with repeated rows: with one shape for all, the program is compiled once.
        rows = np.arange(number * self._size, (number + 1) * self._size) % latent_count(self._latents)
        return jax.tree.map(lambda x: x[rows], self._latents)
