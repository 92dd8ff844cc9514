"""The application of regularizers to a player, which all recipes share."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from gan_jax.game import Metrics, Tree
from gan_jax.regularizers import Regularizer, View


class Penalties(NamedTuple):
    """The penalties of a player in an update.

    total: the sum of the penalties, ().
    memory: the updated memory of each regularizer.
    metrics: what each regularizer logs, by the names PLAYER_REGULARIZER.
    """

    total: jax.Array
    memory: tuple[Tree, ...]
    metrics: Metrics


def init_memory(regularizers: Sequence[Regularizer]) -> tuple[Tree, ...]:
    """Returns the initial memory of a player's regularizers."""
    return tuple(regularizer.init() for regularizer in regularizers)


def apply_regularizers(
    player: str, regularizers: Sequence[Regularizer], memory: Sequence[Tree], view: View, suffix: str = ""
) -> Penalties:
    """Applies the regularizers of `player` to `view`.

    memory: the memory of each regularizer, in order.
    suffix: a suffix for the names of the metrics, for a player with several networks.
    """
    total, memories, metrics = jnp.zeros(()), [], {}
    for i, (regularizer, before) in enumerate(zip(regularizers, memory, strict=True)):
        penalty, after = regularizer.apply(view._replace(key=jax.random.fold_in(view.key, i)), before)
        total, memories = total + penalty, [*memories, after]
        metrics[f"{player}_{regularizer.name}{suffix}"] = regularizer.logged(penalty, after)
    return Penalties(total, tuple(memories), metrics)
