"""Unrolled games: a player that sees what its opponent will answer (Metz et al. 2017, arXiv 1611.02163)."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from gan_jax.common.checks import at_least
from gan_jax.game.core import Game, Player, State, update


def unroll(game: Game, player: str, against: str, steps: int) -> Game:
    """`game`, in which `player` plays against the parameters that `against` will have after `steps` further updates.

    The updates are those of the opponent's own optimizer, from its present state, on the batch and the key of the
    player's update, and the player's gradient runs through them (arXiv 1611.02163, section 2.2). They are imagined: the
    opponent itself changes in its own updates alone. The player's objective also sees the opponent's variables after
    them, and the game's memory as it is. With 0 steps the game stays as it is. A step costs about three updates of the
    opponent, and memory for what they compute.

    Raises ValueError for fewer than 0 steps, for players that the game does not have, and for an opponent whose
    optimizer has no derivative at a gradient of 0, where its memory of gradients is empty. Adam is such: networks do
    have parameters of gradient 0, and the NaN of one reaches all of the player's. `optax.adam(..., eps_root=1e-8)`
    has one.
    """
    at_least(0, "the steps that a game is unrolled", steps)
    players = {player.name: player for player in game.players}
    for name in (player, against):
        if name not in players:
            raise ValueError(f"no player {name!r} to unroll; there are {', '.join(players)}")
    if player == against:
        raise ValueError(f"{player!r} cannot be unrolled against itself")
    if steps == 0:
        return game
    _check_differentiable(game, players[against])
    unrolled = _unrolled(players[player], players[against], steps)
    return replace(game, players=tuple(unrolled if p.name == player else p for p in game.players))


def _unrolled(player: Player, opponent: Player, steps: int) -> Player:
    def objective(params, state, batch, key):
        def answer(position: State, _):
            return update(opponent, position, batch, key)[0], None

        # A loop to the compiler, which would take long over so many copies of an update.
        ahead, _ = jax.lax.scan(answer, state.replace(params=params), length=steps)
        return player.objective(ahead.params, state.replace(variables=ahead.variables), batch, key)

    return replace(player, objective=objective)


def _check_differentiable(game: Game, opponent: Player) -> None:
    """Raises ValueError if the opponent's first update has no finite derivative at a gradient of 0."""
    shapes = jax.eval_shape(game.init, jax.random.key(0))[0][opponent.name]["params"]
    with jax.ensure_compile_time_eval():
        # One number stands for each array. optax's optimizers are pointwise or go by norms.
        zeros = jax.tree.map(lambda x: jnp.zeros((1,) * x.ndim, x.dtype), shapes)
        state = opponent.optimizer.init(zeros)

        def first_update(gradients):
            updates, _ = opponent.optimizer.update(gradients, state, zeros)
            return sum(jnp.sum(x) for x in jax.tree.leaves(updates))

        slopes = jax.tree.leaves(jax.grad(first_update)(zeros))
    if not all(isinstance(slope, Tracer) or np.all(np.isfinite(slope)) for slope in slopes):
        raise ValueError(
            f"the optimizer of {opponent.name!r}, which is unrolled, has no derivative at a gradient of 0; "
            "Adam has one with eps_root above 0, such as 1e-8"
        )
