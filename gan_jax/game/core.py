"""A GAN is a differentiable game: players that each hold parameters, an optimizer and an objective, and take turns.

This file knows nothing of images. A recipe builds a `Game` out of pure functions, `init_state` draws its first state,
and `train_step` trains it for one step: every player is updated along the gradient of its own objective with respect to
its own parameters. Everything that changes is in the one `State`, and everything that a step needs is in its arguments.
So a run can be jitted, mapped over devices (`jax.pmap` with `axis_name=parallel.AXIS`) or over seeds and
hyperparameters (`jax.vmap`), saved and resumed exactly.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import struct

from gan_jax.common.parallel import mean_over_devices

Tree = Any  # a pytree of arrays
Metrics = dict[str, jax.Array]
Translate = Callable[[dict[str, Tree], jax.Array, jax.Array], jax.Array]


class Outcome(NamedTuple):
    """What an objective returns beside its value.

    variables: the player's own non-trainable Flax collections after this evaluation. Those of others do not change.
    metrics: scalars to log.
    memory: those entries of the game's memory that this evaluation changes.
    """

    variables: Tree
    metrics: Metrics
    memory: Mapping[str, Tree] = MappingProxyType({})


@dataclass(frozen=True)
class Player:
    """One player of the game.

    name: the key of its parameters and variables in the state.
    objective: (params, state, batch, key) -> (scalar, Outcome). `params` holds every player's parameters by name and is
        what to differentiate; everything else (variables, memory, step) is read from `state`.
    optimizer: any optax transformation of gradients to descend.
    ascend: whether the player climbs its objective instead of descending it.
    updates_per_step: updates in one training step, each on a batch of its own.
    ema: decay of an exponential moving average of its parameters and variables, or None for no average.
    """

    name: str
    objective: Callable[[dict[str, Tree], "State", Tree, jax.Array], tuple[jax.Array, Outcome]]
    optimizer: optax.GradientTransformation
    ascend: bool = False
    updates_per_step: int = 1
    ema: float | None = None


def _no_samples(*_: Any) -> Any:
    raise ValueError("the game makes no images from latents, it translates images: use gan-jax translate")


@dataclass(frozen=True)
class Game:
    """Players in the order in which they are updated, and the pure functions around them.

    init: key -> (networks, memory). `networks` maps each player's name to its Flax variables ({"params": ..., other
        collections}); `memory` holds pytrees by name, none for most games.
    latents: (key, count) -> what `sample` maps to images, `count` along the first axis.
    sample: (networks, latents) -> images (count, H, W, C) in [-1, 1], or points (count, D). See `networks` for
        its first argument. A game that translates has neither: they raise ValueError.
    classes: for a conditional game, the number of classes. Its latents are then (latents, labels), with labels int32
        (count,) that go through the classes in turn. None for a game that is not conditional.
    dynamics: how the players take turns; (game, state, batches, key) -> (state, metrics), with the batches of the
        updates, (game.batches_per_step, B, ...). One player after the other unless it is one of `dynamics`.
    measures: (networks, batch, key) -> scalars to log beside the updates' metrics, now and then: what the `networks` do
        on `batch`, held-out examples in the form of an update's batch. None for a game that has none.
    translate: by direction, "AtoB" and, where there is one, "BtoA": (networks, images (N, H, W, C) in [-1, 1], key) ->
        images (N, H, W, C'). Each depends on its own image and its place in the batch alone. Empty for a game that does
        not translate. Raises ValueError for images of sides that the generator does not take.
    """

    players: tuple[Player, ...]
    init: Callable[[jax.Array], tuple[dict[str, Tree], dict[str, Tree]]]
    latents: Callable[[jax.Array, int], Tree] = _no_samples
    sample: Callable[[dict[str, Tree], Tree], jax.Array] = _no_samples
    classes: int | None = None
    dynamics: "Dynamics | None" = None
    measures: Callable[[dict[str, Tree], Tree, jax.Array], Metrics] | None = None
    translate: Mapping[str, Translate] = field(default_factory=dict)

    @property
    def batches_per_step(self) -> int:
        """Batches that one step takes: the updates of the player with the most."""
        return max(player.updates_per_step for player in self.players)


class State(struct.PyTreeNode):
    """Everything that changes in training. Dictionaries are keyed by the players' names."""

    step: jax.Array  # training steps so far, int32
    key: jax.Array  # PRNG key of the run; never changes, each step folds its number into it
    params: dict[str, Tree]
    variables: dict[str, Tree]  # non-trainable Flax collections: batch statistics, ...
    opt_state: dict[str, Tree]
    ema: dict[str, Tree]  # {"params": ..., collections} of the players that keep an average
    memory: dict[str, Tree]


Dynamics = Callable[[Game, State, Tree, jax.Array], tuple[State, Metrics]]


def init_state(game: Game, key: jax.Array) -> State:
    """The state before the first step."""
    init_key, run_key = jax.random.split(key)
    drawn, memory = game.init(init_key)
    params = {player.name: drawn[player.name]["params"] for player in game.players}
    return State(
        step=jnp.zeros((), jnp.int32),
        key=run_key,
        params=params,
        variables={p.name: {c: v for c, v in drawn[p.name].items() if c != "params"} for p in game.players},
        opt_state={player.name: player.optimizer.init(params[player.name]) for player in game.players},
        # Copies, so that a step may be given the state's buffers to reuse.
        ema={p.name: jax.tree.map(jnp.copy, dict(drawn[p.name])) for p in game.players if p.ema is not None},
        memory=memory,
    )


def networks(state: State) -> dict[str, Tree]:
    """Every player's Flax variables by name, as `Game.sample` takes them: its average where it keeps one."""
    live = {name: {"params": state.params[name], **state.variables[name]} for name in state.params}
    return live | state.ema


def train_step(game: Game, state: State, batch: Tree) -> tuple[State, Metrics]:
    """One training step.

    batch: arrays of `game.batches_per_step * B` examples (this device's share). Update i of any player sees the
        examples [i B, (i+1) B).

    Returns the next state and the metrics of each player's last update, averaged over devices.
    """
    batches = jax.tree.map(lambda x: x.reshape(game.batches_per_step, -1, *x.shape[1:]), batch)
    key = jax.random.fold_in(state.key, state.step)
    state, metrics = (game.dynamics or alternating)(game, state, batches, key)
    state = state.replace(step=state.step + 1, ema=_averaged(game, state))
    return state, mean_over_devices(metrics)


def alternating(game: Game, state: State, batches: Tree, key: jax.Array) -> tuple[State, Metrics]:
    """The players are updated in turn, each `updates_per_step` times, and each sees what those before it did."""
    metrics: Metrics = {}
    for player in game.players:
        for i in range(player.updates_per_step):
            # The i-th updates of all players share batch and key: what two of them compute alike (the fakes of D's
            # update and of G's) is then one computation to the compiler.
            state, own = update(player, state, batch_at(batches, i), jax.random.fold_in(key, i))
        metrics |= own
    return state, metrics


def batch_at(batches: Tree, i: int) -> Tree:
    """The batch of a step's i-th updates."""
    return jax.tree.map(lambda x: x[i], batches)


def update(player: Player, state: State, batch: Tree, key: jax.Array) -> tuple[State, Metrics]:
    """One update of one player."""
    gradients, outcome = gradient(player, state, batch, key)
    return apply_gradients(player, state, gradients, outcome), outcome.metrics


def gradient(player: Player, state: State, batch: Tree, key: jax.Array) -> tuple[Tree, Outcome]:
    """What the player descends in this state: gradients of its loss, averaged over devices, and the outcome.

    The loss is the objective, negated if the player ascends. The loss and the gradients' norm are among the metrics.
    """
    name = player.name

    def loss(own):
        value, outcome = player.objective({**state.params, name: own}, state, batch, key)
        return -value if player.ascend else value, outcome

    (value, outcome), gradients = jax.value_and_grad(loss, has_aux=True)(state.params[name])
    gradients = mean_over_devices(gradients)
    own = {f"{name}_loss": value, f"{name}_gradient_norm": _norm(gradients)}
    return gradients, outcome._replace(metrics={**own, **outcome.metrics})


def _norm(tree: Tree) -> jax.Array:
    # Products: the squares of a sum would be shared with Adam, and so written to memory and read again.
    return jnp.sqrt(sum(jnp.vdot(x, x, precision="highest") for x in jax.tree.leaves(tree)))


def apply_gradients(player: Player, state: State, gradients: Tree, outcome: Outcome) -> State:
    """The state after the player's optimizer has made its update with `gradients`."""
    name = player.name
    updates, opt_state = player.optimizer.update(gradients, state.opt_state[name], state.params[name])
    return state.replace(
        params={**state.params, name: optax.apply_updates(state.params[name], updates)},
        variables={**state.variables, name: outcome.variables},
        opt_state={**state.opt_state, name: opt_state},
        memory={**state.memory, **outcome.memory},
    )


def _averaged(game: Game, state: State) -> dict[str, Tree]:
    def average(player):
        # Short at first, so that the average does not remember where it started.
        step = state.step.astype(jnp.float32)
        decay = jnp.minimum(player.ema, (1 + step) / (10 + step))
        new = {"params": state.params[player.name], **state.variables[player.name]}
        return jax.tree.map(lambda old, new: decay * old + (1 - decay) * new, state.ema[player.name], new)

    return {player.name: average(player) for player in game.players if player.ema is not None}
