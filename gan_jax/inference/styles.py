"""Styles of latents, in games whose generator takes a style in each of its layers, as StyleGAN2's does."""

from typing import Any

import jax
import jax.numpy as jnp

from gan_jax.game import Game


def styled(game: Game) -> Game:
    """The game whose latents are the styles ws (N, layers, W) of `game`. It has no classes, as styles say everything.

    Raises ValueError if `game` shows no styles.

    >>> gan = game.Game(
    ...     (),
    ...     init=lambda key: ({}, {}),
    ...     styles=lambda networks, latents: jnp.stack([latents, 10 * latents], 1),
    ...     from_styles=lambda networks, ws: ws.sum(1),
    ... )
    >>> first, second = inference.styles_of(gan, {}, jnp.array([[1.0], [2.0]]))
    >>> mixed = jnp.stack([first, second, jnp.stack([first[0], second[1]])])  # the last one has a style of each
    >>> inference.decode(inference.styled(gan), {}, mixed).tolist()
    [[11.0], [22.0], [21.0]]
    """
    return Game(game.players, game.init, sample=_shown(game.from_styles))


def styles_of(game: Game, networks: dict[str, Any], latents: Any) -> jax.Array:
    """The styles ws (N, layers, W) of latents, as `styled(game)` takes them. Raises ValueError as `styled` does.

    >>> gan = game.Game(  # the second of two layers has styles that are ten times those of the first
    ...     (),
    ...     init=lambda key: ({}, {}),
    ...     styles=lambda networks, latents: jnp.stack([latents, 10 * latents], 1),
    ...     from_styles=lambda networks, ws: ws.sum(1),
    ... )
    >>> inference.styles_of(gan, {}, jnp.array([[1.0], [2.0]])).tolist()
    [[[1.0], [10.0]], [[2.0], [20.0]]]
    """
    return jax.jit(_shown(game.styles))(networks, latents)


def mixed_styles(left: jax.Array, top: jax.Array, layers: int) -> jax.Array:
    """A table of style mixing: each entry has the first `layers` styles of its row's source, and the others of its
    column's.

    left, top: the styles of the sources of rows (R, L, W) and of columns (C, L, W).

    Returns styles (C + R (C + 1), L, W): the sources of the columns, and then row by row the row's source and its
    entries. The first layers are the coarse ones.

    Source: Karras et al. 2019, "A style-based generator architecture" (arXiv 1812.04948, section 3.1 and figure 3).
    Raises ValueError for a number of layers that is not 0 to L.

    >>> left = jnp.array([[[1], [2]]])  # one source, of two layers with a style of one number
    >>> top = jnp.array([[[10], [20]], [[30], [40]]])
    >>> inference.mixed_styles(left, top, layers=1)[:, :, 0].tolist()
    [[10, 20], [30, 40], [1, 2], [1, 20], [1, 40]]
    """
    rows, count, size = left.shape
    if not 0 <= layers <= count:
        raise ValueError(f"the generator has {count} layers with styles, and {layers} of them cannot be taken")
    of_row = (jnp.arange(count) < layers)[:, None]
    entries = jnp.where(of_row, left[:, None], top[None])
    table = jnp.concatenate([left[:, None], entries], 1)
    return jnp.concatenate([top, table.reshape(rows * (len(top) + 1), count, size)])


def _shown(function: Any) -> Any:
    if function is None:
        raise ValueError("no styles of its generator are known")
    return function
