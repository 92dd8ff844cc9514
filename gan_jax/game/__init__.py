"""Differentiable games: players, their state, and the training step. Nothing here depends on images.

`core` has the main parts: `Player`, `Game`, `State` and `train_step`. `dynamics` has the ways in which players take
turns, `unrolling` lets a player look ahead, `populations` trains many games at once, and `optimizers` has additions to
optax.
"""

from gan_jax.game.core import (
    Dynamics,
    Game,
    Metrics,
    Outcome,
    Player,
    State,
    Translate,
    Tree,
    alternating,
    apply_gradients,
    batch_at,
    gradient,
    init_state,
    networks,
    train_step,
    update,
)
from gan_jax.game.dynamics import consensus, extragradient, simultaneous
from gan_jax.game.freezing import freeze
from gan_jax.game.optimizers import clip_weights, constant_then_linear, cosine
from gan_jax.game.populations import (
    Build,
    Values,
    for_each_member,
    init_population,
    population_step,
    stack_keys,
    stack_values,
)
from gan_jax.game.unrolling import unroll
