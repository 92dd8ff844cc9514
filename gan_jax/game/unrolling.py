"""Unrolled games: a player that anticipates its opponent's updates (Metz et al. 2017, arXiv 1611.02163)."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from gan_jax.common.checks import at_least
from gan_jax.game.core import Game, Player, State, update


def unroll(game: Game, player: str, against: str, steps: int) -> Game:
    """Returns `game` with `player` trained against the parameters of `against` after `steps` further updates.

    The unrolled updates use the opponent's optimizer and its current state, and the batch and key of the player's
    update. The player's gradient flows through them (arXiv 1611.02163, section 2.2). They do not change the opponent
    itself. The player's objective also sees the opponent's variables after them, but the current memory of the game.
    With 0 steps the game is unchanged. Each step costs about as much as three updates of the opponent, and memory for
    their intermediate values.

    Raises ValueError for a negative number of steps, for players that the game does not have, and for an opponent whose
    optimizer is not differentiable at a gradient of 0 in its initial state. Adam is not: networks do have parameters
    with gradient 0, and the NaN of one of them spreads to all gradients of the player. `optax.adam(..., eps_root=1e-8)`
    is differentiable.

    >>> xy = game.unroll(analysis.bilinear(optax.sgd(0.1)), "x", against="y", steps=1)
    >>> state, _ = game.train_step(xy, game.init_state(xy, jax.random.key(0)), ())
    >>> round(float(state.params["x"]), 4)  # the gradient of x (1.1 + 0.1 x) at 1 is 1.3, and that of 1.1 x is 1.1
    0.87
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
        def opponent_update(state: State, _):
            return update(opponent, state, batch, key)[0], None

        # It is a loop, since many copies of an update would take long to compile.
        ahead, _ = jax.lax.scan(opponent_update, state.replace(params=params), length=steps)
        return player.objective(ahead.params, state.replace(variables=ahead.variables), batch, key)

    return replace(player, objective=objective)


def _check_differentiable(game: Game, opponent: Player) -> None:
    """Raises ValueError if the opponent's first update has no finite derivative at a gradient of 0."""
    shapes = jax.eval_shape(game.init, jax.random.key(0))[0][opponent.name]["params"]
    with jax.ensure_compile_time_eval():
        # One number per array is enough, since the optimizers of optax are elementwise or use norms.
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
