"""Rounds other than `game.alternating`: how the players of a game move.

A recipe takes one as its argument: gan(..., round=extragradient). Players with several steps make them side by side:
the i-th moves of all players that have an i-th move start from one position. How a round fares in the game x y, from
which all that happens near an equilibrium of a zero-sum game can be seen, at learning rate h: alternating moves circle
it forever, simultaneous ones leave it by a factor sqrt(1 + h^2) each, extragradient approaches it by a factor
sqrt(1 - h^2 + h^4) (Gidel et al. 2019, arXiv 1802.10551, section 3).

Optimism, which approaches it too at one gradient a move, is no round but an optimizer, for `simultaneous`:
`optax.optimistic_gradient_descent`, or `optax.optimistic_adam_v2(..., nesterov=False)` for the optimistic Adam of
Daskalakis et al. 2018 (arXiv 1711.00141, algorithm 1). Momentum works against it: in x y, with b1=0.5 and b2=0.999,
optimistic Adam circles for long at the paper's optimism (beta=1) and converges at beta=5.
"""

from typing import Any

import jax

from gan_jax.game import Game, Metrics, Outcome, Player, State, Tree, apply, gradient, part

Found = list[tuple[Player, Any, Outcome]]  # players, what each descends, and its outcome


def simultaneous(game: Game, state: State, parts: Tree, key: jax.Array) -> tuple[State, Metrics]:
    """All players move along the gradients at one position: none sees what another did.

    Of an entry of the memory that several of them change, the last player's stays.
    """
    metrics: Metrics = {}
    for i in range(game.parts):
        found = _gradients(game, i, state, parts, key)
        state = _apply(found, state)
        metrics |= _metrics(found)
    return state, metrics


def extragradient(game: Game, state: State, parts: Tree, key: jax.Array) -> tuple[State, Metrics]:
    """All players step from where they are along the gradients that they would find one step ahead.

    The extrapolation is a full step of each player's optimizer (Gidel et al. 2019, arXiv 1802.10551, equation 9); what
    is learnt there is applied to the parameters from before it. Variables and the optimizers' states accumulate over
    both, so with `optax.adam` this is the paper's ExtraAdam (algorithm 4) and a learning rate schedule counts two steps
    a move. Both gradients are of the same examples, latents included (the paper's "re-used mini-batches"). The metrics
    are those of the position ahead.
    """
    metrics: Metrics = {}
    for i in range(game.parts):
        ahead = _apply(_gradients(game, i, state, parts, key), state)
        found = _gradients(game, i, ahead, parts, key)
        state = _apply(found, ahead.replace(params=state.params))
        metrics |= _metrics(found)
    return state, metrics


def _gradients(game: Game, i: int, state: State, parts: Tree, key: jax.Array) -> Found:
    """What the players with an i-th move find at this position."""
    batch, key = part(parts, i), jax.random.fold_in(key, i)
    return [(player, *gradient(player, state, batch, key)) for player in game.players if player.steps > i]


def _apply(found: Found, state: State) -> State:
    for player, gradients, outcome in found:
        state = apply(player, state, gradients, outcome)
    return state


def _metrics(found: Found) -> Metrics:
    return {name: value for _, _, outcome in found for name, value in outcome.metrics.items()}
