"""The vector field of a game (Mescheder et al. 2017, arXiv 1705.10461, section 2; Berard et al. 2020, 1906.04848)."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from gan_jax.game import Game, State, Tree, gradient


class Field(NamedTuple):
    """The gradients of all players' losses, as a function of the parameters of all players.

    velocity: w (P,) -> v(w) (P,), the gradient of each player's loss with respect to its own parameters. Simultaneous
        gradient descent at the learning rate h takes w to w - h v(w).
    point: the parameters in the state that the field was made of, (P,).
    slices: where the parameters of each player are in w, by name.
    unflatten: w (P,) -> the parameters of all players by name.
    """

    velocity: Callable[[jax.Array], jax.Array]
    point: jax.Array
    slices: Mapping[str, slice]
    unflatten: Callable[[jax.Array], dict[str, Tree]]

    def flatten(self, params: Mapping[str, Tree]) -> jax.Array:
        """The parameters of all players by name as one vector (P,)."""
        return _flat(params, self.slices)


def vector_field(game: Game, state: State, batch: Tree = (), key: jax.Array | None = None) -> Field:
    """The vector field of `game` on fixed examples, with fixed noise, and with variables and memory as in `state`.

    batch: examples, as an update takes them. A field of few examples is noisy.
    key: of the latents and all other noise. By default, that of the next step.

    >>> xy = analysis.bilinear(optax.sgd(0.1), start=(2.0, 3.0))
    >>> field = analysis.vector_field(xy, game.init_state(xy, jax.random.key(0)))
    >>> field.point.tolist(), field.slices  # y comes first, since it is updated first
    ([3.0, 2.0], {'y': slice(0, 1, None), 'x': slice(1, 2, None)})
    >>> field.velocity(field.point).tolist()  # the slopes of -x y in y, and of x y in x
    [-2.0, 3.0]
    """
    noise = jax.random.fold_in(state.key, state.step) if key is None else key
    unravel, slices, start = {}, {}, 0
    for player in game.players:
        own, unravel[player.name] = ravel_pytree(state.params[player.name])
        slices[player.name] = slice(start, start + len(own))
        start += len(own)

    def unflatten(w: jax.Array) -> dict[str, Tree]:
        return {name: unravel[name](w[part]) for name, part in slices.items()}

    def velocity(w: jax.Array) -> jax.Array:
        here = state.replace(params=unflatten(w))
        return _flat({player.name: gradient(player, here, batch, noise)[0] for player in game.players}, slices)

    return Field(velocity, _flat(state.params, slices), slices, unflatten)


def _flat(trees: Mapping[str, Tree], names: Iterable[str]) -> jax.Array:
    """The trees of these names as one vector, in their order."""
    return jnp.concatenate([ravel_pytree(trees[name])[0] for name in names])
