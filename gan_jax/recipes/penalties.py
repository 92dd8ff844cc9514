"""What players pay beside their objectives, in every recipe alike."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from gan_jax.game import Metrics, Tree
from gan_jax.regularizers import Regularizer, View


class Paid(NamedTuple):
    """What a player paid in an update.

    total: the sum of its penalties, ().
    memory: the regularizers' memory afterwards.
    metrics: what each of them logs, as PLAYER_REGULARIZER.
    """

    total: jax.Array
    memory: tuple[Tree, ...]
    metrics: Metrics


def start_memory(regularizers: Sequence[Regularizer]) -> tuple[Tree, ...]:
    """The memory of a player's regularizers before the first update."""
    return tuple(regularizer.init() for regularizer in regularizers)


def pay(player: str, regularizers: Sequence[Regularizer], memory: Sequence[Tree], view: View, suffix: str = "") -> Paid:
    """The penalties that `player` pays for what it does in `view`.

    memory: of the regularizers, one after the other. suffix: of the metrics' names, for a player of several networks.
    """
    total, memories, metrics = jnp.zeros(()), [], {}
    for i, (regularizer, before) in enumerate(zip(regularizers, memory, strict=True)):
        penalty, after = regularizer.apply(view._replace(key=jax.random.fold_in(view.key, i)), before)
        total, memories = total + penalty, [*memories, after]
        metrics[f"{player}_{regularizer.name}{suffix}"] = regularizer.logged(penalty, after)
    return Paid(total, tuple(memories), metrics)
