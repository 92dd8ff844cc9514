"""Games in which some arrays of the networks are not trained, such as the lower layers of a discriminator."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import optax

from gan_jax.game.core import Game, Player


def freeze(game: Game, names: Sequence[str]) -> Game:
    """Returns `game` with parameters that keep their values.

    names: the names of arrays or of modules, such as "discriminator/Conv_0" for all arrays of that layer, or
        "generator" for a whole player. Fine-tuning with the lower layers of the discriminator frozen is FreezeD (Mo,
        Cho and Shin 2020, arXiv 2002.10964).

    Non-trainable variables, such as batch statistics, still change. The optimizers' states keep their structure, so a
    run can freeze and release layers. The updates that `unroll` looks ahead are not frozen. Raises ValueError for names
    that no array has.

    >>> xy = game.freeze(analysis.bilinear(optax.sgd(0.1)), ["y"])
    >>> state, _ = game.train_step(xy, game.init_state(xy, jax.random.key(0)), ())
    >>> round(float(state.params["y"]), 4), round(float(state.params["x"]), 4)
    (1.0, 0.9)
    """
    if not names:
        return game
    shapes = jax.eval_shape(game.init, jax.random.key(0))[0]
    known = {path for player in game.players for path in _paths(player.name, shapes[player.name]["params"])}
    for name in names:
        if not any(_is_within(path, name) for path in known):
            modules = sorted({"/".join(path.split("/")[:2]) for path in known})
            raise ValueError(f"--freeze {name}: there are no such arrays; modules are {', '.join(modules)}")
    return replace(game, players=tuple(_frozen(player, names) for player in game.players))


def _frozen(player: Player, names: Sequence[str]) -> Player:
    inner = player.optimizer

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> tuple[Any, Any]:
        updates, state = optax.with_extra_args_support(inner).update(updates, state, params, **extra)

        def kept(path: Any, change: jax.Array) -> jax.Array:
            frozen = any(_is_within(_name(player.name, path), name) for name in names)
            return jnp.zeros_like(change) if frozen else change

        return jax.tree_util.tree_map_with_path(kept, updates), state

    return replace(player, optimizer=optax.GradientTransformationExtraArgs(inner.init, update))


def _paths(player: str, params: Any) -> list[str]:
    return [_name(player, path) for path, _ in jax.tree_util.tree_leaves_with_path(params)]


def _name(player: str, path: Any) -> str:
    return "/".join([player, *(str(entry.key) for entry in path)])


def _is_within(path: str, name: str) -> bool:
    return f"{path}/".startswith(f"{name.strip('/')}/")
