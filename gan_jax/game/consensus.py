"""Consensus optimization (Mescheder, Nowozin and Geiger 2017, arXiv 1705.10461)."""

from typing import Any

import jax
import jax.numpy as jnp

from gan_jax.common.checks import at_least
from gan_jax.common.parallel import mean_over_devices
from gan_jax.game.core import Dynamics, Game, Metrics, State, Tree, apply_gradients, batch_at, gradient


def consensus(weight: float) -> Dynamics:
    """Simultaneous updates in which every player also makes the gradients of all players smaller.

    gan(..., dynamics=consensus(0.1)). The optimizers are given the gradients v + `weight` grad |v|^2/2, where v are the
    gradients of all players' losses (section 4 of the paper). Near an equilibrium this adds `weight` J^T J to
    the Jacobian J of v, which makes attraction of rotation. Objectives must be differentiable twice, and a step costs
    several of `simultaneous`.

    Raises ValueError for a negative weight.
    """
    at_least(0, "the weight of consensus", weight)

    def dynamics(game: Game, state: State, batches: Tree, key: jax.Array) -> tuple[State, Metrics]:
        metrics: Metrics = {}
        for i in range(game.batches_per_step):
            players = [player for player in game.players if player.updates_per_step > i]
            batch, own_key, start = batch_at(batches, i), jax.random.fold_in(key, i), state

            def energy(params: dict[str, Tree], start=start, batch=batch, key=own_key, players=players) -> Any:
                """|v|^2/2, and the gradient and the outcome of each player."""
                here = start.replace(params=params)
                found = {player.name: gradient(player, here, batch, key) for player in players}
                squares = [jnp.sum(jnp.square(x)) for each, _ in found.values() for x in jax.tree.leaves(each)]
                return sum(squares) / 2, found

            pulls, found = jax.grad(energy, has_aux=True)(start.params)
            pulls = mean_over_devices(pulls)
            for player in players:
                gradients, outcome = found[player.name]
                total = jax.tree.map(lambda g, pull: g + weight * pull, gradients, pulls[player.name])
                state = apply_gradients(player, state, total, outcome)
                metrics |= outcome.metrics
        return state, metrics

    return dynamics
