"""A GAN is a differentiable game: the players take turns, and each has parameters, an optimizer and an objective.

A recipe builds a `Game` out of pure functions, `init_state` draws its first state, and `train_step` trains it for one
step. In a step, every player is updated along the gradient of its own objective with respect to its own parameters.
Everything that changes is in the `State`, and everything that a step needs is in its arguments. So a run can be jitted,
mapped over devices (`jax.pmap` with `axis_name=parallel.AXIS`) or over seeds and hyperparameters (`jax.vmap`), saved,
and resumed exactly. Nothing here depends on images.
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
    """The auxiliary output of an objective.

    variables: the player's non-trainable Flax collections after this evaluation. Those of other players do not change.
    metrics: scalars to log.
    memory: the entries of the game's memory that this evaluation changes.
    """

    variables: Tree
    metrics: Metrics
    memory: Mapping[str, Tree] = MappingProxyType({})


@dataclass(frozen=True)
class Player:
    """One player of the game.

    name: the key of its parameters and variables in the state.
    objective: (params, state, batch, key) -> (scalar, Outcome). It is differentiated with respect to `params`, which
        holds every player's parameters by name. Everything else (variables, memory, step) comes from `state`.
    optimizer: any gradient transformation of optax.
    ascend: whether the player ascends its objective instead of descending it.
    updates_per_step: the number of updates in a training step, each on a separate batch.
    ema: the decay of an exponential moving average of the parameters and variables, or None for no average.
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
    """The players in the order of their updates, and the pure functions around them.

    init: key -> (networks, memory). `networks` maps each player's name to its Flax variables ({"params": ..., other
        collections}). `memory` holds pytrees by name. Most games have none.
    latents: (key, count) -> the latents for `sample`, with `count` examples along the first axis.
    sample: (networks, latents) -> images (count, H, W, C) in [-1, 1], or points (count, D). The function `networks`
        returns the first argument. In a game of translation, `latents` and `sample` raise ValueError.
    classes: the number of classes of a conditional game, or None for other games. The latents of a conditional game are
        (latents, labels), where labels are int32 (count,) and cycle through the classes.
    dynamics: how the players take turns, (game, state, batches, key) -> (state, metrics). The batches of the updates
        are (game.batches_per_step, B, ...). None means `alternating`. See `game.dynamics` for others.
    measures: (networks, batch, key) -> scalars to log at intervals, in addition to the metrics of updates. `batch` has
        held-out examples, in the form of a training batch. None for a game without measures.
    features: (networks, examples) -> features (N, F) in which a discriminator sees examples, in evaluation mode. None
        for a game without such a discriminator.
    encode: (networks, examples) -> their latents (N, L). None for a game without an encoder.
    anomaly: (networks, examples) -> scores (N,). The less an example is like those of training, the higher it is. None
        for a game without an encoder.
    log_likelihood: (networks, examples, key) -> the logarithms of their probabilities in nats (N,), or an estimate that
        draws random numbers. None for a game whose probabilities are not known.
    elbo: (networks, examples, key) -> the evidence lower bounds of these logarithms in nats (N,). None for a game
        without such a bound.
    truncated: psi -> the game whose samples are more typical and less varied, the more so the lower psi is. They lie
        psi times as far from the mean style, or have latents of a normal distribution within [-psi, psi]. It raises
        ValueError for a psi that is not possible. None for a game with neither a mean style nor normal latents.
    statistics: (networks, latents, key) -> by player, the collection "batch_stats" with the means and variances of the
        samples of these latents in batch normalization. `key` is for noise. It raises ValueError if there is no batch
        normalization. None for a game without such a generator.
    styles: (networks, latents) -> the styles ws (count, layers, W) of latents, one for each layer of the generator.
        None for a game whose generator has none.
    from_styles: (networks, ws) -> what `sample` makes of latents with these styles. None if `styles` is.
    translate: functions by direction, "AtoB" and possibly "BtoA", (networks, images (N, H, W, C) in [-1, 1], key) ->
        images (N, H, W, C'). Each result depends only on its own image and its position in the batch. They raise
        ValueError for images of unsuitable sizes. It is empty for a game that does not translate.
    """

    players: tuple[Player, ...]
    init: Callable[[jax.Array], tuple[dict[str, Tree], dict[str, Tree]]]
    latents: Callable[[jax.Array, int], Tree] = _no_samples
    sample: Callable[[dict[str, Tree], Tree], jax.Array] = _no_samples
    classes: int | None = None
    dynamics: "Dynamics | None" = None
    measures: Callable[[dict[str, Tree], Tree, jax.Array], Metrics] | None = None
    features: Callable[[dict[str, Tree], jax.Array], jax.Array] | None = None
    encode: Callable[[dict[str, Tree], jax.Array], jax.Array] | None = None
    anomaly: Callable[[dict[str, Tree], jax.Array], jax.Array] | None = None
    log_likelihood: Callable[[dict[str, Tree], jax.Array, jax.Array], jax.Array] | None = None
    elbo: Callable[[dict[str, Tree], jax.Array, jax.Array], jax.Array] | None = None
    truncated: "Callable[[float], Game] | None" = None
    statistics: Callable[[dict[str, Tree], Tree, jax.Array], dict[str, Tree]] | None = None
    styles: Callable[[dict[str, Tree], Tree], jax.Array] | None = None
    from_styles: Callable[[dict[str, Tree], jax.Array], jax.Array] | None = None
    translate: Mapping[str, Translate] = field(default_factory=dict)

    @property
    def batches_per_step(self) -> int:
        """The number of batches in a step, which is the largest number of updates of any player."""
        return max(player.updates_per_step for player in self.players)


class State(struct.PyTreeNode):
    """Everything that changes in training. Dictionaries are keyed by the players' names."""

    step: jax.Array  # the number of training steps so far, int32
    key: jax.Array  # the PRNG key of the run, which never changes: each step folds its number into it
    params: dict[str, Tree]
    variables: dict[str, Tree]  # non-trainable Flax collections: batch statistics, ...
    opt_state: dict[str, Tree]
    ema: dict[str, Tree]  # {"params": ..., collections} of the players with a moving average
    memory: dict[str, Tree]


Dynamics = Callable[[Game, State, Tree, jax.Array], tuple[State, Metrics]]


def init_state(game: Game, key: jax.Array) -> State:
    """Returns the state before the first step.

    >>> xy = analysis.bilinear(optax.sgd(0.1))  # min over x, max over y of x y
    >>> state = game.init_state(xy, jax.random.key(0))
    >>> int(state.step), {name: float(own) for name, own in state.params.items()}
    (0, {'y': 1.0, 'x': 1.0})
    """
    init_key, run_key = jax.random.split(key)
    drawn, memory = game.init(init_key)
    params = {player.name: drawn[player.name]["params"] for player in game.players}
    return State(
        step=jnp.zeros((), jnp.int32),
        key=run_key,
        params=params,
        variables={p.name: {c: v for c, v in drawn[p.name].items() if c != "params"} for p in game.players},
        opt_state={player.name: player.optimizer.init(params[player.name]) for player in game.players},
        # These are copies, so that the buffers of the state can be donated to a step.
        ema={p.name: jax.tree.map(jnp.copy, dict(drawn[p.name])) for p in game.players if p.ema is not None},
        memory=memory,
    )


def networks(state: State) -> dict[str, Tree]:
    """Returns every player's Flax variables by name, as `Game.sample` takes them.

    For a player with a moving average, they are the averaged variables.

    >>> from gan_jax.networks import mlp
    >>> sgd = optax.sgd(0.1)
    >>> gan = recipes.gan(mlp.Generator(2, (4,)), mlp.Discriminator((4,)), objectives.minimax, sgd, sgd, ema=0.99)
    >>> def sample():
    ...     state = game.init_state(gan, jax.random.key(0))
    ...     return gan.sample(game.networks(state), gan.latents(jax.random.key(1), 5))  # of the averaged generator
    >>> jax.eval_shape(sample).shape
    (5, 2)
    """
    live = {name: {"params": state.params[name], **state.variables[name]} for name in state.params}
    return live | state.ema


def train_step(game: Game, state: State, batch: Tree) -> tuple[State, Metrics]:
    """Makes one training step.

    batch: arrays of `game.batches_per_step * B` examples (this device's share). Update i of every player uses the
        examples [i B, (i+1) B).

    Returns the next state and the metrics of each player's last update, averaged over devices.

    >>> dirac = analysis.dirac_gan(optax.sgd(0.1))
    >>> state = game.init_state(dirac, jax.random.key(0))
    >>> step = jax.jit(lambda state, batch: game.train_step(dirac, state, batch))
    >>> state, metrics = step(state, ())  # a batch of no arrays, since this game has no data
    >>> int(state.step), sorted(metrics)
    (1, ['discriminator_gradient_norm', 'discriminator_loss', 'generator_gradient_norm', 'generator_loss'])
    """
    batches = jax.tree.map(lambda x: x.reshape(game.batches_per_step, -1, *x.shape[1:]), batch)
    key = jax.random.fold_in(state.key, state.step)
    state, metrics = (game.dynamics or alternating)(game, state, batches, key)
    state = state.replace(step=state.step + 1, ema=_updated_averages(game, state))
    return state, mean_over_devices(metrics)


def alternating(game: Game, state: State, batches: Tree, key: jax.Array) -> tuple[State, Metrics]:
    """Updates the players in turn, each `updates_per_step` times. Each player sees the previous players' updates.

    >>> xy = analysis.bilinear(optax.sgd(0.1), game.alternating)
    >>> state, _ = game.train_step(xy, game.init_state(xy, jax.random.key(0)), ())
    >>> round(float(state.params["y"]), 4), round(float(state.params["x"]), 4)  # x sees that y is 1.1 by now
    (1.1, 0.89)
    """
    metrics: Metrics = {}
    for player in game.players:
        for i in range(player.updates_per_step):
            # The i-th updates of all players share the batch and the key. So the compiler can share computations
            # between players, such as the generated images in D's update and in G's.
            state, own = update(player, state, batch_at(batches, i), jax.random.fold_in(key, i))
        metrics |= own
    return state, metrics


def batch_at(batches: Tree, i: int) -> Tree:
    """Returns the batch of the i-th updates in a step."""
    return jax.tree.map(lambda x: x[i], batches)


def update(player: Player, state: State, batch: Tree, key: jax.Array) -> tuple[State, Metrics]:
    """Makes one update of one player."""
    gradients, outcome = gradient(player, state, batch, key)
    return apply_gradients(player, state, gradients, outcome), outcome.metrics


def gradient(player: Player, state: State, batch: Tree, key: jax.Array) -> tuple[Tree, Outcome]:
    """Returns the gradients of the player's loss in this state, averaged over devices, and the outcome.

    The loss is the objective, negated if the player ascends. The metrics include the loss and the gradients' norm.
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
    # XLA would share explicit squares with Adam, and so write them to memory and read them again. vdot avoids it.
    return jnp.sqrt(sum(jnp.vdot(x, x, precision="highest") for x in jax.tree.leaves(tree)))


def apply_gradients(player: Player, state: State, gradients: Tree, outcome: Outcome) -> State:
    """Returns the state after the player's optimizer has applied `gradients`."""
    name = player.name
    updates, opt_state = player.optimizer.update(gradients, state.opt_state[name], state.params[name])
    return state.replace(
        params={**state.params, name: optax.apply_updates(state.params[name], updates)},
        variables={**state.variables, name: outcome.variables},
        opt_state={**state.opt_state, name: opt_state},
        memory={**state.memory, **outcome.memory},
    )


def _updated_averages(game: Game, state: State) -> dict[str, Tree]:
    def average(player):
        # The decay is lower in the first steps, so that the average forgets the initial weights.
        step = state.step.astype(jnp.float32)
        decay = jnp.minimum(player.ema, (1 + step) / (10 + step))
        new = {"params": state.params[player.name], **state.variables[player.name]}
        return jax.tree.map(lambda old, new: decay * old + (1 - decay) * new, state.ema[player.name], new)

    return {player.name: average(player) for player in game.players if player.ema is not None}
