"""Dynamics other than `core.alternating`: how the players of a game take turns.

A recipe takes one as its argument: gan(..., dynamics=extragradient). The i-th updates of all players that have an i-th
update start from the same state. The game x y shows what happens near an equilibrium of a zero-sum game. At learning
rate h, alternating updates circle the equilibrium forever. Each simultaneous update increases the distance to it by a
factor sqrt(1 + h^2), and each extragradient update multiplies it by sqrt(1 - h^2 + h^4) (Gidel et al. 2019,
arXiv 1802.10551, section 3).

Optimism approaches the equilibrium too, with one gradient per update. It is an optimizer and not a dynamics. Use it
with `simultaneous`: `optax.optimistic_gradient_descent`, or `optax.optimistic_adam_v2(..., nesterov=False)` for the
optimistic Adam of Daskalakis et al. 2018 (arXiv 1711.00141, algorithm 1). Momentum works against it: in x y, with
b1=0.5 and b2=0.999, optimistic Adam circles for a long time with the paper's beta=1, and converges with beta=5.
"""

from typing import Any

import jax
import jax.numpy as jnp

from gan_jax.common.checks import at_least
from gan_jax.common.parallel import mean_over_devices
from gan_jax.game.core import Dynamics, Game, Metrics, Outcome, Player, State, Tree, apply_gradients, batch_at, gradient

PlayerGradients = list[tuple[Player, Any, Outcome]]  # each player with its gradients and its outcome


def simultaneous(game: Game, state: State, batches: Tree, key: jax.Array) -> tuple[State, Metrics]:
    """Updates all players with gradients in the same state. No player sees the update of another.

    If several players change the same entry of the memory, the change of the last player is kept.

    >>> xy = analysis.bilinear(optax.sgd(0.1), game.simultaneous)
    >>> state, _ = game.train_step(xy, game.init_state(xy, jax.random.key(0)), ())
    >>> round(float(state.params["y"]), 4), round(float(state.params["x"]), 4)  # each sees the other at 1
    (1.1, 0.9)
    """
    metrics: Metrics = {}
    for i in range(game.batches_per_step):
        found = _gradients(game, i, state, batches, key)
        state = _apply(found, state)
        metrics |= _metrics(found)
    return state, metrics


def extragradient(game: Game, state: State, batches: Tree, key: jax.Array) -> tuple[State, Metrics]:
    """Updates all players with the gradients of an extrapolated state, one update ahead of the current one.

    The extrapolation is a full update by each player's optimizer (Gidel et al. 2019, arXiv 1802.10551, equation 9). The
    gradients at the extrapolated state are applied to the original parameters. Variables and optimizer states change in
    both, and the memory of the game in the second alone: it is the same at both, and goes on once an update. So with
    `optax.adam` this is the paper's ExtraAdam (algorithm 4), and a learning rate schedule advances by two
    for each update. Both gradients use the same examples and latents (the paper's "re-used mini-batches"). The metrics
    are those of the extrapolated state.

    >>> xy = analysis.bilinear(optax.sgd(0.1), game.extragradient)
    >>> state, _ = game.train_step(xy, game.init_state(xy, jax.random.key(0)), ())
    >>> round(float(state.params["y"]), 4), round(float(state.params["x"]), 4)  # each sees the other at 0.9 or 1.1
    (1.09, 0.89)
    """
    metrics: Metrics = {}
    for i in range(game.batches_per_step):
        ahead = _apply(_gradients(game, i, state, batches, key), state).replace(memory=state.memory)
        found = _gradients(game, i, ahead, batches, key)
        state = _apply(found, ahead.replace(params=state.params))
        metrics |= _metrics(found)
    return state, metrics


def consensus(weight: float) -> Dynamics:
    """Simultaneous updates in which every player also makes the gradients of all players smaller.

    gan(..., dynamics=consensus(0.1)). The optimizers are given the gradients v + `weight` grad |v|^2/2, where v are the
    gradients of all players' losses (Mescheder, Nowozin and Geiger 2017, arXiv 1705.10461, section 4). Near an
    equilibrium this adds `weight` J^T J to the Jacobian J of v, which makes attraction of rotation. Objectives must be
    differentiable twice, and a step costs several of `simultaneous`.

    Raises ValueError for a negative weight.

    >>> xy = analysis.bilinear(optax.sgd(0.1), game.consensus(0.5))
    >>> state, _ = game.train_step(xy, game.init_state(xy, jax.random.key(0)), ())
    >>> round(float(state.params["y"]), 4), round(float(state.params["x"]), 4)  # 1 + 0.1 (1 - 0.5), 1 - 0.1 (1 + 0.5)
    (1.05, 0.85)
    """
    at_least(0, "the weight of consensus", weight)

    def dynamics(game: Game, state: State, batches: Tree, key: jax.Array) -> tuple[State, Metrics]:
        metrics: Metrics = {}
        for i in range(game.batches_per_step):

            def energy(params: dict[str, Tree], i: int = i, state: State = state) -> tuple[Any, Any]:
                """|v|^2/2, and the gradient and the outcome of each player."""
                found = _gradients(game, i, state.replace(params=params), batches, key)
                squares = [jnp.sum(jnp.square(x)) for _, each, _ in found for x in jax.tree.leaves(each)]
                return sum(squares) / 2, [(each, outcome) for _, each, outcome in found]

            pulls, pairs = jax.grad(energy, has_aux=True)(state.params)
            pulls = mean_over_devices(pulls)
            found = [
                (player, jax.tree.map(lambda g, pull: g + weight * pull, each, pulls[player.name]), outcome)
                for player, (each, outcome) in zip(_movers(game, i), pairs, strict=True)
            ]
            state = _apply(found, state)
            metrics |= _metrics(found)
        return state, metrics

    return dynamics


def _gradients(game: Game, i: int, state: State, batches: Tree, key: jax.Array) -> PlayerGradients:
    """Returns the gradients in this state of all players that have an i-th update."""
    batch, key = batch_at(batches, i), jax.random.fold_in(key, i)
    return [(player, *gradient(player, state, batch, key)) for player in _movers(game, i)]


def _movers(game: Game, i: int) -> list[Player]:
    """The players that have an i-th update."""
    return [player for player in game.players if player.updates_per_step > i]


def _apply(found: PlayerGradients, state: State) -> State:
    for player, gradients, outcome in found:
        state = apply_gradients(player, state, gradients, outcome)
    return state


def _metrics(found: PlayerGradients) -> Metrics:
    return {name: value for _, _, outcome in found for name, value in outcome.metrics.items()}
