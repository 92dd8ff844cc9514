"""Dynamics other than `core.alternating`: how the players of a game take turns.

A recipe takes one as its argument: gan(..., dynamics=extragradient). Players with several updates per step make them
side by side: the i-th updates of all players that have an i-th one start from the same state. The game x y shows what
happens near an equilibrium of a zero-sum game. At learning rate h, alternating updates circle the equilibrium forever,
simultaneous ones leave it by a factor sqrt(1 + h^2) each, and extragradient approaches it by a factor
sqrt(1 - h^2 + h^4) (Gidel et al. 2019, arXiv 1802.10551, section 3).

Optimism approaches it too, at one gradient per update. It is not a dynamics but an optimizer, for `simultaneous`:
`optax.optimistic_gradient_descent`, or `optax.optimistic_adam_v2(..., nesterov=False)` for the optimistic Adam of
Daskalakis et al. 2018 (arXiv 1711.00141, algorithm 1). Momentum works against it: in x y, with b1=0.5 and b2=0.999,
optimistic Adam circles for long at the paper's optimism (beta=1) and converges at beta=5.
"""

from typing import Any

import jax

from gan_jax.game.core import Game, Metrics, Outcome, Player, State, Tree, apply_gradients, batch_at, gradient

Found = list[tuple[Player, Any, Outcome]]  # players, what each descends, and its outcome


def simultaneous(game: Game, state: State, batches: Tree, key: jax.Array) -> tuple[State, Metrics]:
    """All players are updated along the gradients in one state: none sees what another did.

    Where several players change the same entry of the memory, the last player's change stays.
    """
    metrics: Metrics = {}
    for i in range(game.batches_per_step):
        found = _gradients(game, i, state, batches, key)
        state = _apply(found, state)
        metrics |= _metrics(found)
    return state, metrics


def extragradient(game: Game, state: State, batches: Tree, key: jax.Array) -> tuple[State, Metrics]:
    """All players are updated from where they are along the gradients that they would find one update ahead.

    The extrapolation is a full update by each player's optimizer (Gidel et al. 2019, arXiv 1802.10551, equation 9); the
    gradients found there are applied to the parameters from before it. Variables and the optimizers' states accumulate
    over both, so with `optax.adam` this is the paper's ExtraAdam (algorithm 4), and a learning rate schedule counts two
    for each update. Both gradients use the same examples and latents (the paper's "re-used mini-batches"). The metrics
    are those of the state ahead.
    """
    metrics: Metrics = {}
    for i in range(game.batches_per_step):
        ahead = _apply(_gradients(game, i, state, batches, key), state)
        found = _gradients(game, i, ahead, batches, key)
        state = _apply(found, ahead.replace(params=state.params))
        metrics |= _metrics(found)
    return state, metrics


def _gradients(game: Game, i: int, state: State, batches: Tree, key: jax.Array) -> Found:
    """What the players with an i-th update find in this state."""
    batch, key = batch_at(batches, i), jax.random.fold_in(key, i)
    return [(player, *gradient(player, state, batch, key)) for player in game.players if player.updates_per_step > i]


def _apply(found: Found, state: State) -> State:
    for player, gradients, outcome in found:
        state = apply_gradients(player, state, gradients, outcome)
    return state


def _metrics(found: Found) -> Metrics:
    return {name: value for _, _, outcome in found for name, value in outcome.metrics.items()}
